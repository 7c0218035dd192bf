//! Numbers on pages for people, and numbers in another unit.

use monitor_simulator::http::{Answer, Request};
use serde_json::json;

use super::{Shop, mistakes};

const PAGE: &str = r#"<!doctype html><title>Orders</title>
    <p>Open: <b id="total">1&nbsp;378</b> <i id="price" title="12,50">EUR</i> <span id="gap"></span></p>
    <table id="orders"><tr class="row"><td>4<td class="n">20,5</tr><tr class="row"><td>5<td class="n">30</tr></table>
    <table id="closed"></table>"#;

async fn take(way: &str) -> Result<f64, String> {
    let shop = Shop::start(|_: &Request| Answer::html(200, PAGE)).await;
    let read = shop.read(&format!("path = '/orders'\n{way}")).await;
    assert_eq!(
        shop.server.requests()[0].header("accept"),
        Some("*/*"),
        "a page is wanted"
    );
    read.map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_element_or_an_attribute_is_a_number() {
    for (way, number) in [
        ("select = '#total'", 1378.0),
        ("select = '#price'\nattribute = 'title'\ndecimal = ','", 12.5),
        ("select = '#orders tr:last-child .n'", 30.0),
        ("select = '#total'\nscale = 0.01", 13.78),
        ("count = { select = 'tr.row' }", 2.0),
        ("count = { select = '.row', within = '#closed' }", 0.0),
        ("sum = { select = '.n' }\ndecimal = ','", 50.5),
        ("sum = { select = '.n', within = '#closed' }", 0.0),
        ("max = { select = 'td:first-child' }", 5.0),
        ("min = { select = '.n', within = '#orders' }\ndecimal = ','", 20.5),
    ] {
        assert_eq!(take(way).await, Ok(number), "{way}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_no_number() {
    for (way, why) in [
        ("select = '#absent'", "the page has no #absent"),
        ("select = '.row'", ".row selects 2 elements; it must select one"),
        (
            "select = '#gap'",
            "#gap is empty; what a page fills in by JavaScript",
        ),
        (
            "select = '#orders'",
            "\"4 20,5 5 30\" is not a number; it may be several",
        ),
        (
            "select = '#total'\nattribute = 'title'",
            "#total has no attribute title",
        ),
        (
            "count = { select = '.late' }",
            "the page has no .late; where none may be an answer",
        ),
        (
            "count = { select = '.late', within = '#login' }",
            "the page has no #login",
        ),
        (
            "max = { select = '.n', within = '#closed' }",
            ".n selects nothing",
        ),
    ] {
        let got = take(way).await.unwrap_err();
        assert!(got.contains(why), "{way}: {got}");
    }
}

#[tokio::test]
async fn amounts_are_scaled_in_decimals() {
    let shop =
        Shop::start(|_: &Request| Answer::json(200, &json!({ "cents": 1378, "list": [10, 20], "low": -1 })))
            .await;
    for (way, number) in [
        ("value = '$.cents'\nscale = 0.01", 13.78),
        ("value = '$.cents'\nscale = 10", 13780.0),
        ("sum = '$.list[*]'\nscale = 0.1", 3.0),
        ("count = '$.list[*]'\nscale = 0.5", 1.0),
        ("value = '$.low'\nscale = 0.01", -0.01),
    ] {
        assert_eq!(
            shop.read(&format!("path = '/x'\n{way}")).await.unwrap(),
            number,
            "{way}"
        );
    }
}

#[test]
fn mistakes_are_said_where_they_stand() {
    for (way, field, says) in [
        ("select = 'p >'", "select", "not a CSS selector"),
        ("value = '$.n'\nattribute = 'title'", "attribute", "is for select"),
        (
            "select = 'p'\nvalue = '$.n'",
            "select",
            "only one way to take the number is possible; there are value, select",
        ),
        ("count = { select = 'p >' }", "count.select", "not a CSS selector"),
        (
            "sum = { select = 'p', within = '>' }",
            "sum.within",
            "not a CSS selector",
        ),
        ("max = { within = 'p' }", "max.select", "missing"),
        ("count = 'items'", "count", "not a JSONPath"),
        ("value = '$.n'\nscale = 0", "scale", "other than 0"),
        ("scale = 2", "", "header, regex or select"),
    ] {
        let found = mistakes(&format!("path = '/x'\n{way}"));
        let [one] = found.as_slice() else {
            panic!("{way}: {found:?}")
        };
        assert_eq!(one.field, field, "{way}");
        assert!(one.message.contains(says), "{way}: {}", one.message);
    }
}
