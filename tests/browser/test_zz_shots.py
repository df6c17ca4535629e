import os, pytest
from tests.browser.conftest import *  # noqa
OUT="/tmp/plsdev/shots"
os.makedirs(OUT, exist_ok=True)
WHAT=os.environ.get("SHOTS","queue,account,accounts,buyers,login").split(",")
@pytest.mark.django_db(transaction=True)
def test_shots(scene, sign_in_page, open_page, live_server):
    acc=scene["accounts"]["Northwind Robotics"].pk
    addr={"queue":"/queue/","account":f"/accounts/{acc}/","accounts":"/accounts/","buyers":"/buyers/","404":"/nope/","success":"/queue/success/"}
    for width,h in [(1440,1020),(1024,800),(390,844)]:
        for dark in (False,True):
            tag=f"{width}-{'dark' if dark else 'light'}"
            if dark and width==1024: continue
            if "login" in WHAT and width!=1024:
                p=open_page(width=width,height=h,dark=dark); p.goto("/"); p.wait_for_timeout(200); p.screenshot(path=f"{OUT}/login-{tag}.png")
            p=sign_in_page("sales@team.example",width=width,height=h,dark=dark)
            for name,url in addr.items():
                if name not in WHAT: continue
                p.goto(url); p.wait_for_timeout(700)
                p.screenshot(path=f"{OUT}/{name}-{tag}.png", full_page=(name!="queue" or width==390))
                print(name, tag, p.evaluate("document.documentElement.scrollWidth"), width)
            p.expected.append("404")
            print(p.errors)
