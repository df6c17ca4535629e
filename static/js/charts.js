// Draws the charts of a page: <div class="chart" data-chart="score|usage" data-source="id of a JSON block">. The table behind
// each chart is in the page. Colours come from the style sheet, so both themes fit. Canvas, and tooltips as canvas text:
// the content security policy allows no style attributes.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const COLOURS = {
    light: { core: "#0b66c3", advanced: "#7a2ea6", collaboration: "#17924b", creation: "#d9820b", admin: "#5a6472", intent: "#c9306b" },
    dark: { core: "#4c9bef", advanced: "#c084eb", collaboration: "#4cc47d", creation: "#f0b04f", admin: "#97a1ae", intent: "#f27aa5" },
  };
  const theme = () => (document.documentElement.getAttribute("data-bs-theme") === "dark" ? "dark" : "light");
  const number = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value);

  const day = (value) => `${new Date(value).getDate()} ${new Intl.DateTimeFormat(document.documentElement.lang, { month: "short" }).format(value)}`;

  const common = () => ({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: "Inter Variable, system-ui, sans-serif", color: token("--ink-2") },
    grid: { left: 4, right: 12, top: 16, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
  });
  const tooltip = (extra) => ({
    trigger: "axis",
    renderMode: "richText",
    confine: true,
    backgroundColor: token("--surface"),
    borderColor: token("--line-strong"),
    textStyle: { color: token("--ink"), fontSize: 12 },
    ...extra,
  });
  const axis = () => ({
    axisLine: { lineStyle: { color: token("--line-strong") } },
    axisTick: { show: false },
    axisLabel: { color: token("--ink-2"), fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: token("--line") } },
  });

  const BUILD = {
    score: (data) => ({
      ...common(),
      tooltip: tooltip({}),
      xAxis: {
        type: "time",
        splitNumber: 5,
        // Four days at least: within one, every mark would have the same date.
        min: (value) => Math.min(value.min, value.max - 4 * 24 * 60 * 60 * 1000),
        ...axis(),
        axisLabel: { color: token("--ink-2"), fontSize: 11, hideOverlap: true, formatter: day },
        splitLine: { show: false },
      },
      yAxis: { type: "value", min: 0, max: 100, interval: 20, ...axis(), axisLine: { show: false } },
      series: [{
        name: data.unit,
        type: "line",
        step: "end",
        showSymbol: data.points.length < 40,
        symbolSize: 5,
        connectNulls: false,
        data: data.points,
        lineStyle: { width: 2, color: COLOURS[theme()].core },
        itemStyle: { color: COLOURS[theme()].core },
        areaStyle: { color: COLOURS[theme()].core, opacity: 0.08 },
      }],
    }),
    usage: (data) => ({
      ...common(),
      tooltip: tooltip({ axisPointer: { type: "shadow", shadowStyle: { color: token("--line"), opacity: 0.35 } } }),
      legend: { type: "scroll", top: 0, left: 0, right: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: token("--ink-2"), fontSize: 12 } },
      grid: { left: 4, right: 8, top: 34, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: { type: "category", data: data.labels, ...axis(), splitLine: { show: false } },
      yAxis: { type: "value", minInterval: 1, ...axis(), axisLine: { show: false }, axisLabel: { color: token("--ink-2"), fontSize: 11, formatter: number } },
      series: data.series.map((line) => ({
        name: line.name,
        type: "bar",
        stack: "all",
        barCategoryGap: "28%",
        data: line.values,
        itemStyle: { color: COLOURS[theme()][line.key] || token("--grey") },
      })),
    }),
    // The organisation map: departments from left to right, levels from top to bottom, each field one wide and one high. Lines are
    // one series with gaps between them, since the common build has no graph.
    people: (data) => {
      const KINDS = {
        buyer: ["diamond", COLOURS[theme()].collaboration],
        champion: ["triangle", COLOURS[theme()].advanced],
        helper: ["rect", COLOURS[theme()].core],
        other: ["circle", token("--ink-2")],
        contact: ["roundRect", COLOURS[theme()].creation],
      };
      const wide = data.departments.at(-1).end;
      const lines = (named) => data.edges.filter((edge) => edge[2] === named).flatMap(([from, to]) => [from, to, [null, null]]);
      const high = data.levels.at(-1).end;
      // On a phone what the marks mean stands in as many lines as it takes, about, instead of behind arrows.
      const meanings = [...(data.edges.length ? [data.edges_name] : []), ...(data.bubbles.length ? [data.bubbles_name] : []), ...data.groups.map((group) => group.name)];
      const box = document.querySelector("[data-chart='people']");
      const phone = box.clientWidth < 600;
      const rows = phone ? Math.ceil((meanings.join("").length * 6.6 + meanings.length * 32) / (box.clientWidth - 40)) : 1;
      const end = phone && wide > 4 ? (100 * 4) / wide : 100;
      // Pixels of one field, about: what is beside the picture is its axes' names.
      const across = (box.clientWidth - 120) / ((wide * end) / 100);
      const down = (box.clientHeight - 73 - 22 * rows) / high;
      const size = (node) => Math.min(node.size, Math.max(10, across * 0.42));
      // The common build lays out no labels. A name that would lie on somebody else is left out; whoever brought more is first.
      const around = ({ value: [x, y] }, half) => [x * across - half, (high - y) * down - half, x * across + half, (high - y) * down + half];
      const nodes = data.groups.flatMap((group) => group.nodes);
      const taken = [...data.bubbles.map((node) => around(node, 9)), ...nodes.map((node) => around(node, size(node) / 2 - 1))];
      const spots = new Map();
      const place = (node) => {
        const long = Math.min(90, node.name.length * 5.8);
        const half = size(node) / 2;
        const x = node.value[0] * across;
        const y = (high - node.value[1]) * down;
        const middle = Math.max(0, Math.min(x - long / 2, wide * across - long));
        const spot = [[middle, y + half + 2], [middle, y - half - 14], [x + half + 3, y - 6], [x - half - 3 - long, y - 6]].find(
          ([left, top]) =>
            left >= 0 && top >= 0 && left + long <= wide * across &&
            !taken.some((other) => left < other[2] && other[0] < left + long && top < other[3] && other[1] < top + 12),
        );
        if (!spot) return;
        const [left, top] = spot;
        taken.push([left, top, left + long, top + 12]);
        spots.set(node, [left - x + half, top - y + half]);
      };
      nodes.filter((node) => node.label).sort((one, other) => other.size - one.size).forEach(place);
      const borders = [
        ...data.departments.slice(0, -1).flatMap(({ end }) => [[end, 0], [end, high], [null, null]]),
        ...data.levels.slice(0, -1).flatMap(({ end }) => [[0, end], [wide, end], [null, null]]),
      ];
      const narrow = data.departments.some(({ end: to }, n) => (to - (data.departments[n - 1]?.end ?? 0)) * across < 76);
      const scale = (names, staggered) => ({
        type: "value",
        min: 0,
        max: names.at(-1).end,
        ...axis(),
        axisLabel: {
          color: token("--ink-2"),
          fontSize: 11,
          customValues: names.map(({ at }) => at),
          formatter: (value) => {
            const n = names.findIndex(({ at }) => Math.abs(at - value) < 0.001);
            return n < 0 ? "" : `${staggered && n % 2 ? "\n\n" : ""}${names[n].name}`;
          },
          width: 72,
          lineHeight: 13,
          overflow: "break",
        },
      });
      const edge = (named) => ({
        name: data.edges_name,
        type: "line",
        data: lines(named),
        symbol: "none",
        silent: true,
        connectNulls: false,
        z: 1,
        lineStyle: { width: 1, type: named ? "solid" : "dashed", color: token("--ink-2"), opacity: 0.35 },
        itemStyle: { color: token("--ink-2") },
      });
      return {
        ...common(),
        animation: false,
        tooltip: tooltip({
          trigger: "item",
          formatter: ({ data: node }) => (node && node.name ? [node.name, node.words].filter(Boolean).join("\n") : ""),
        }),
        legend: {
          type: phone ? "plain" : "scroll",
          top: 0,
          left: 0,
          right: 0,
          itemWidth: 12,
          itemHeight: 12,
          data: [
            ...(data.edges.length ? [{ name: data.edges_name, icon: "path://M0,5h12v1h-12z" }] : []),
            ...(data.bubbles.length ? [data.bubbles_name] : []),
            ...data.groups.map((group) => group.name),
          ],
          textStyle: { color: token("--ink-2"), fontSize: 12 },
        },
        grid: { left: 4, right: 16, top: 18 + 22 * rows, bottom: 44, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
        xAxis: { ...scale(data.departments, narrow), axisLine: { show: false }, splitLine: { show: false } },
        yAxis: { ...scale(data.levels, false), axisLine: { show: false }, splitLine: { show: false } },
        dataZoom: [
          { type: "inside", xAxisIndex: 0, end, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: false },
          { type: "inside", yAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: false },
          { type: "slider", xAxisIndex: 0, filterMode: "none", height: 18, bottom: 6, showDetail: false, showDataShadow: false, brushSelect: false, borderColor: token("--line"), end },
        ],
        series: [
          { type: "line", data: borders, symbol: "none", silent: true, z: 0, lineStyle: { width: 1, color: token("--line") } },
          edge(true),
          edge(false),
          ...(data.bubbles.length
            ? [{
              name: data.bubbles_name,
              type: "scatter",
              symbol: "circle",
              z: 2,
              data: data.bubbles.map((node) => ({ ...node, symbolSize: node.size, label: { show: true, formatter: String(node.count), color: token("--ink-2"), fontSize: 11 } })),
              itemStyle: { color: token("--line"), borderColor: token("--line-strong") },
            }]
            : []),
          ...data.groups.map((group) => ({
            name: group.name,
            type: "scatter",
            symbol: KINDS[group.kind][0],
            z: 3,
            itemStyle: { color: KINDS[group.kind][1] },
            data: group.nodes.map((node) => ({
              ...node,
              symbolSize: size(node),
              itemStyle: node.quiet ? { color: token("--surface"), borderColor: KINDS[group.kind][1], borderWidth: 1.5 } : { color: KINDS[group.kind][1] },
              label: { show: spots.has(node), formatter: node.name, position: spots.get(node), align: "left", color: token("--ink"), fontSize: 10.5, width: 90, overflow: "truncate" },
            })),
          })),
        ],
      };
    },
  };

  const draw = (box) => {
    const data = JSON.parse(document.getElementById(box.dataset.source).textContent);
    const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(BUILD[box.dataset.chart](data), true);
    if (!box.dataset.watched) {
      box.dataset.watched = "1";
      new ResizeObserver(() => chart.resize()).observe(box);
    }
  };
  const drawAll = () => document.querySelectorAll(".chart").forEach(draw);
  drawAll();
  document.addEventListener("htmx:after:swap", () => document.querySelectorAll(".chart:empty").forEach(draw));
  new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();
