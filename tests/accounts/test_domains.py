import csv
import gzip
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domains import clean_email, is_shared, of_email, of_site, registrable


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.com", "acme.com"),
        ("App.ACME.co.uk", "acme.co.uk"),
        ("acme.com.", "acme.com"),
        (" acme.com\n", "acme.com"),
        ("https://user:p@ss@app.acme.co.uk:8443/x?y=a@b.com#z", "acme.co.uk"),
        ("//acme.com/x", "acme.com"),
        ("acme.com/about", "acme.com"),
        ("acme.com:443", "acme.com"),
        ("jo@mail.acme.com", "acme.com"),
        ("mailto:jo@acme.com", "acme.com"),
        ("acme.github.io", "acme.github.io"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("acme。com", "acme.com"),
        # Reserved for examples and tests: no suffix list has them.
        ("acme.example", "acme.example"),
        ("a.b.acme.test", "acme.test"),
        ("df72d7cf7.example", "df72d7cf7.example"),
    ],
)
def test_a_registrable_domain_is_found_in_hosts_urls_and_addresses(text, domain):
    assert registrable(text) == domain


@pytest.mark.parametrize(
    "text",
    ["", " ", "acme", "localhost", "example", "co.uk", "github.io", "1.2.3.4", "http://1.2.3.4:80/", "[::1]",
     "http://[2001:db8::1]/x", "intranet.local", "acme..com", "acme.com..", ".acme.com", "-acme.com", "foo_bar.com",
     "javascript:alert(1)", "acme.com:port", "\ud800.com", "a\x00b.com", "a" * 300 + ".com", "x" * 100_000, "xn--.com",
     "two words.com", "0x7f.1"],
)  # fmt: skip
def test_what_names_no_registrable_domain_gives_nothing(text):
    assert registrable(text) == ""


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_that_stands_on_its_own(text):
    domain = registrable(text)
    assert domain == "" or (domain.isascii() and registrable(domain) == domain)
    assert clean_email(text) == "" or clean_email(clean_email(text)) == clean_email(text)
    of_email(text)
    is_shared(text)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Jo.Doe+x@ACME.com ", "jo.doe+x@acme.com"),
        ("mailto:jo@acme.com", "jo@acme.com"),
        ("o'brien@acme.com", "o'brien@acme.com"),
        ("jo@bücher.example", "jo@bücher.example"),
        ("jörg@acme.com", "jörg@acme.com"),
    ],
)
def test_an_address_is_lowered_and_kept(text, email):
    assert clean_email(text) == email


@pytest.mark.parametrize(
    "text",
    ["", "jo", "jo@", "@acme.com", "jo@acme", "jo@@acme.com", "a@b@acme.com", "jo doe@acme.com", "jo@acme.com/x",
     "jo@acme.com:25", "jo\x00@acme.com", "jo\n@acme.com", "jo\u200b@acme.com", "jo@1.2.3.4", "x" * 65 + "@acme.com",
     "jo@" + "a." * 130 + "com", "Jo <jo@acme.com>", "jo\ud800@acme.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    assert clean_email(text) == ""


@pytest.mark.parametrize(
    "email",
    ["jo@gmail.com", "jo@googlemail.com", "jo@yahoo.co.jp", "jo@hotmail.it", "jo@gmx.ch", "jo@qq.com", "jo@163.com",
     "jo@t-online.de", "jo@comcast.net", "jo@orange.fr", "jo@proton.me", "jo@hey.com", "jo@mailinator.com",
     "jo@guerrillamail.com", "jo@privaterelay.appleid.com", "jo@duck.com", "jo@mozmail.com", "jo@kernel.org",
     "jo@vger.kernel.org", "jo@debian.org", "jo@apache.org", "jo@users.sourceforge.net",
     "1234+jo@users.noreply.github.com", "noreply@noreply.github.com", "jo@alum.mit.edu", "jo@iki.fi", "jo@aol.de",
     "jo@volny.cz", "jo@yahoogroups.com"],
)  # fmt: skip
def test_shared_hosts_speak_for_no_company(email):
    assert clean_email(email)
    assert of_email(email) == ""


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("jo@github.com", "github.com"),
        ("jo@gitlab.com", "gitlab.com"),
        ("jo@eu.intel.com", "intel.com"),
        ("jo@att.com", "att.com"),
        ("jo@apple.com", "apple.com"),
        ("jo@duckduckgo.com", "duckduckgo.com"),
        ("jo@alibaba.com", "alibaba.com"),
        ("jo@cable.comcast.com", "comcast.com"),
        ("jo@google.com", "google.com"),
        ("jo@mail.google.com", "google.com"),
        ("jo@mit.edu", "mit.edu"),
        ("jo@acme.example", "acme.example"),
    ],
)
def test_companies_speak_for_themselves(email, domain):
    assert of_email(email) == domain


@pytest.mark.parametrize(
    ("stated", "domain"),
    [
        ("https://www.linkedin.com/company/acme", ""),
        ("github.com/acme", ""),
        ("http://acme.slack.com", ""),
        ("sites.google.com/view/acme", ""),
        ("jo@users.noreply.github.com", ""),
        ("https://www.linkedin.com/", "linkedin.com"),
        ("jo@github.com", "github.com"),
        ("https://Acme.co.uk:8443/about", "acme.co.uk"),
        ("acme.onmicrosoft.com", "acme.onmicrosoft.com"),
    ],
)
def test_a_page_among_others_is_no_site_of_a_company(stated, domain):
    assert of_site(stated) == domain


def test_a_shared_host_says_nothing_about_the_company_above_it():
    assert is_shared("users.noreply.github.com")
    assert is_shared("x.users.noreply.github.com")
    assert not is_shared("github.com")
    assert is_shared("https://gmail.com/")
    assert not is_shared("notgmail.com")
    assert not is_shared("")


def test_the_largest_domains_of_a_real_history_are_told_apart(shared):
    with gzip.open(shared / "data/git_usage/events.csv.gz", "rt") as lines:
        events = Counter(row["domain"] for row in csv.DictReader(lines))
    largest = {domain for domain, _ in events.most_common(60)}
    assert {domain for domain in largest if is_shared(domain)} == {
        "gmail.com", "debian.org", "infradead.org", "tuxdriver.com", "yandex.ru",
    }  # fmt: skip
    # iki.fi hands out names below it, so it is itself no company.
    assert {domain for domain in events if registrable(domain) != domain} <= {"iki.fi"}


def test_known_companies_are_not_taken_for_shared_hosts(shared):
    with (shared / "data/domains/stackalytics_companies.csv").open(newline="") as lines:
        domains = {row["domain"] for row in csv.DictReader(lines) if row["domain"]}
    # All of these are mail for everyone, or communities, that the list names beside companies.
    assert {domain for domain in domains if is_shared(domain)} == {
        "aliyun.com", "apache.org", "corp.mail.ru", "debian.org", "earthlink.net", "firma.seznam.cz", "lavabit.com",
        "sina.com",
    }  # fmt: skip
