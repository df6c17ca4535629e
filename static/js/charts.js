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
