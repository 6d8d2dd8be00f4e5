//! The pages over the router, with a season in memory.

#![allow(clippy::unwrap_used)]

mod season;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use html5ever::tendril::TendrilSink;
use http_body_util::BodyExt;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use palco_site::{Assets, Role, SiteConfig, router};
use season::{
    ADMIN, BUYER, HELD, JAZZ, LAPSED, LIVE, PAID, PAST, SESSION, SEVERAL, SLAM, STATEMENT, Season, TICKET,
    TICKET_LIVE, TICKET_PAST, season, season_saying,
};
use std::sync::Arc;
use tower::ServiceExt;

struct Said {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Said {
    fn to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |it| it.to_str().unwrap())
    }
}

async fn send(season: &Arc<Season>, request: Request<Body>) -> Said {
    let assets = Assets {
        style: "/assets/s.css".into(),
        script: "/assets/s.js".into(),
        favicon: "/assets/f.svg".into(),
    };
    let app = router(season.clone(), SiteConfig { public_url: None, tls: false, assets });
    let response = app.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Said { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    let cookies = format!("palco-session={SESSION}");
    Request::builder().method(method).uri(path).header("host", "palco.example").header("cookie", cookies)
}

async fn get(season: &Arc<Season>, path: &str) -> Said {
    send(season, request("GET", path).body(Body::empty()).unwrap()).await
}

async fn post(season: &Arc<Season>, path: &str, form: &str) -> Said {
    let request = request("POST", path)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    send(season, request.body(Body::from(form.to_owned())).unwrap()).await
}

fn office(rest: &str) -> String {
    format!("/office/shows/{JAZZ}{rest}")
}

/// Every page that can be read, for an owner.
fn pages() -> Vec<String> {
    let mut pages = vec!["/".into(), "/account".into(), "/account/link/token-from-the-mail".into()];
    for slug in [JAZZ, LIVE, SLAM, PAST, "fado", "small-ghosts", "storm-concert", "mascara-contra-cabellera"]
    {
        pages.push(format!("/shows/{slug}"));
    }
    for path in [format!("/shows/{JAZZ}/buy"), format!("/shows/{SLAM}/buy"), format!("/shows/{LIVE}/door")] {
        pages.push(path);
    }
    pages.extend([PAID, SEVERAL, HELD, LAPSED].map(|code| format!("/orders/{code}?sent")));
    pages.extend([TICKET, TICKET_LIVE, TICKET_PAST].map(|code| format!("/tickets/{code}")));
    pages.extend([format!("/pay/demo/{HELD}"), format!("/statements/{STATEMENT}")]);
    pages.extend(
        ["/demo/mail", "/demo/mail/1", "/office", "/office/sign-in", "/office/staff", "/office/audit"]
            .map(Into::into),
    );
    pages.push("/office/shows/new".into());
    for rest in ["", "/tickets", "/promos", "/shares", "/sales", "/statement", "/cancel"] {
        pages.push(office(rest));
    }
    pages.push(office("/refund/000000b100000000/000000000000b100"));
    pages
}

/// What is wrong with a page, as a browser's parser and a reader of landmarks see it.
fn troubles(html: &str) -> Vec<String> {
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(html);
    let mut wrong: Vec<String> = dom.errors.borrow().iter().map(ToString::to_string).collect();
    let mut seen = Seen::default();
    walk(&dom.document, &mut seen);
    for (tag, wanted) in [("h1", 1), ("main", 1), ("title", 1)] {
        let found = seen.tags.iter().filter(|it| *it == tag).count();
        if found != wanted {
            wrong.push(format!("{found} × {tag}"));
        }
    }
    let mut ids = seen.ids.clone();
    ids.sort();
    wrong
        .extend(ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| format!("id {} twice", pair[0])));
    wrong.extend(
        seen.labels.iter().filter(|it| !seen.ids.contains(it)).map(|it| format!("label for no {it}")),
    );
    wrong.extend(
        seen.bare.iter().filter(|it| !seen.labels.contains(it)).map(|it| format!("no label for {it}")),
    );
    wrong.extend(seen.wrong);
    wrong
}

#[derive(Default)]
struct Seen {
    tags: Vec<String>,
    ids: Vec<String>,
    labels: Vec<String>,
    bare: Vec<String>,
    wrong: Vec<String>,
}

fn walk(node: &Handle, seen: &mut Seen) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let tag = name.local.to_string();
        let attrs = attrs.borrow();
        let attr =
            |name: &str| attrs.iter().find(|it| &*it.name.local == name).map(|it| it.value.to_string());
        seen.ids.extend(attr("id"));
        seen.labels.extend(attr("for").filter(|_| tag == "label"));
        let kind = attr("type").unwrap_or_default();
        let typed = matches!(tag.as_str(), "input" | "select" | "textarea");
        if typed
            && !matches!(kind.as_str(), "hidden" | "checkbox")
            && !(kind == "radio" && attr("id").is_none())
        {
            seen.bare.push(attr("id").unwrap_or_else(|| format!("a nameless {tag}")));
        }
        for attr in attrs.iter() {
            let name = attr.name.local.to_string();
            if name == "style" || name.starts_with("on") {
                seen.wrong.push(format!("inline {name} on {tag}"));
            }
        }
        if tag == "script" && attr("src").is_none() && kind != "application/ld+json" {
            seen.wrong.push("an inline script".into());
        }
        if tag == "img" && attr("alt").is_none() {
            seen.wrong.push("a picture without words".into());
        }
        seen.tags.push(tag);
    }
    for child in node.children.borrow().iter() {
        walk(child, seen);
    }
}

#[tokio::test]
async fn every_page_is_well_formed_in_both_languages() {
    let season = season();
    for path in pages() {
        for lang in ["en", "es"] {
            let with = format!("{path}{}lang={lang}", if path.contains('?') { '&' } else { '?' });
            let said = get(&season, &with).await;
            assert_eq!(said.status, StatusCode::OK, "{with} → {}", said.to());
            assert!(said.body.contains(&format!("<html lang=\"{lang}\"")), "{with}");
            assert_eq!(troubles(&said.body), Vec::<String>::new(), "{with}");
            assert!(
                !said.body.contains("{n}") && !said.body.contains("{title}"),
                "{with}: a word was not filled in"
            );
        }
    }
}

#[tokio::test]
async fn what_strangers_write_stays_text() {
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg onload=alert(1)>",
        "</title></textarea><script>alert(1)</script>",
        "]]></script><script>alert(1)</script>",
        "{{7*7}}{% raw %}",
    ] {
        let season = season_saying(text);
        for path in pages() {
            let said = get(&season, &path).await;
            assert_eq!(said.status, StatusCode::OK, "{path}");
            assert_eq!(troubles(&said.body), Vec::<String>::new(), "{path} with {text}");
            let scripts = said.body.replace("&lt;script", "").matches("<script").count();
            let own = 1 + usize::from(said.body.contains("application/ld+json"));
            assert_eq!(scripts, own, "{path} with {text}");
        }
    }
}

#[tokio::test]
async fn typed_markup_comes_back_as_text() {
    let season = season();
    let evil = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for (path, form) in [
        (
            format!("/shows/{JAZZ}/buy"),
            format!("n-x=1&email={evil}&name={evil}&promo={evil}&once={evil}&pay=1"),
        ),
        ("/account".into(), format!("email={evil}")),
        ("/office/sign-in".into(), format!("email={evil}&password=x")),
        (office(""), format!("title={evil}&time_zone={evil}&summary={evil}&description={evil}")),
        (office("/promos"), format!("code={evil}&percent=1")),
    ] {
        let said = post(&season, &path, &form).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(!said.body.contains("<script>alert"), "{path}");
        assert_eq!(troubles(&said.body), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let season = season();
    for path in [
        format!("/shows/{JAZZ}/buy"),
        format!("/tickets/{TICKET}/enter"),
        office("/cancel"),
        "/account".into(),
    ] {
        let evil = request("POST", &path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example");
        let said = send(&season, evil.body(Body::empty()).unwrap()).await;
        assert_eq!(said.status, StatusCode::FORBIDDEN, "{path}");
        let silent = send(&season, request("POST", &path).body(Body::empty()).unwrap()).await;
        assert_eq!(silent.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(season.state.lock().unwrap().calls.is_empty());
    let hook = |sign| {
        request("POST", "/webhooks/stripe").header("stripe-signature", sign).body(Body::from("{}")).unwrap()
    };
    assert_eq!(send(&season, hook("good")).await.status, StatusCode::OK);
    assert_eq!(send(&season, hook("bad")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn each_role_sees_its_pages_and_no_more() {
    let table = [
        (office(""), Role::Producer),
        (office("/tickets"), Role::Producer),
        (office("/promos"), Role::Producer),
        (office("/shares"), Role::Producer),
        (office("/sales"), Role::Cashier),
        (office("/statement"), Role::Producer),
        (office("/statement.csv"), Role::Producer),
        (office("/cancel"), Role::Producer),
        ("/office".into(), Role::Moderator),
        ("/office/shows/new".into(), Role::Producer),
        ("/office/audit".into(), Role::Producer),
        ("/office/staff".into(), Role::Owner),
    ];
    let forms = [
        (office("/cancel"), "title=The+Late+Harbour", Role::Producer),
        (office("/settle"), "", Role::Producer),
        (office("/desk"), "", Role::Producer),
        (office("/refund/000000b100000000/000000000000b100"), "reason=x", Role::Cashier),
        ("/office/staff".into(), "name=A&email=a%40example.com&role=owner", Role::Owner),
    ];
    for role in Role::ALL {
        let season = season();
        *season.role.lock().unwrap() = role;
        for (path, least) in &table {
            let wanted = if role >= *least { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(get(&season, path).await.status, wanted, "{role:?} {path}");
        }
        for (path, form, least) in &forms {
            let wanted = if role >= *least { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(post(&season, path, form).await.status, wanted, "{role:?} {path}");
        }
    }
    let nobody = Request::builder().uri(office("/sales")).header("cookie", format!("palco-session={BUYER}"));
    let said = send(&season(), nobody.body(Body::empty()).unwrap()).await;
    assert_eq!((said.status, said.to()), (StatusCode::SEE_OTHER, "/office/sign-in"));
}

const LIVE_KIND: &str = "n-0000000000000021";

#[tokio::test]
async fn from_the_show_to_the_seat() {
    let season = season();
    let path = format!("/shows/{JAZZ}/buy");
    let form = get(&season, &path).await;
    assert!(form.body.contains("$11.20 USD"), "the total is there before anything is typed");
    let typed =
        format!("{LIVE_KIND}=1&email=Ana%40Example.com&name=Ana&provider=demo&once=0123456789abcdef&pay=1");
    let said = post(&season, &path, &typed).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    let pay = said.to().to_owned();
    assert!(pay.starts_with("/pay/demo/"), "{pay}");
    let said = post(&season, &pay, "pay=1").await;
    let order = said.to().to_owned();
    let said = get(&season, &order).await;
    let ticket = said.to().to_owned();
    assert!(ticket.starts_with("/tickets/"), "{ticket}");
    let said = post(&season, &format!("{ticket}/enter"), "").await;
    assert_eq!(said.to(), format!("/shows/{JAZZ}/watch"));
    let cookie = said.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("palco-ticket-0000000000000002=ticket-"), "{cookie}");
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Max-Age=2592000"), "{cookie}");
    assert_eq!(season.state.lock().unwrap().bought[0].2, "0123456789abcdef");
}

#[tokio::test]
async fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let season = season();
    let path = format!("/shows/{JAZZ}/buy");
    let good = "email=ana%40example.com&name=Ana+L%C3%B3pez&provider=demo&once=0123456789abcdef";
    for (typed, said_of) in [
        (format!("{LIVE_KIND}=11&{good}&pay=1"), "10 tickets at most"),
        (format!("{LIVE_KIND}=-1&{good}&pay=1"), "as a number"),
        (format!("{LIVE_KIND}=0&{good}&pay=1"), "at least one ticket"),
        (format!("{LIVE_KIND}=2&{good}&promo=NOPE99&pay=1"), "do not know this promo code"),
        (
            format!("{LIVE_KIND}=2&email=ana&name=Ana+L%C3%B3pez&provider=demo&once=0123456789abcdef&pay=1"),
            "not an e-mail",
        ),
        (
            format!("{LIVE_KIND}=2&email=ana%40example.com&name=Ana+L%C3%B3pez&once=0123456789abcdef&pay=1"),
            "Choose how to pay",
        ),
    ] {
        let said = post(&season, &path, &typed).await;
        assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(said.body.contains(said_of), "{typed}: {said_of}");
        assert!(
            said.body.contains("value=\"Ana López\"") && said.body.contains("0123456789abcdef"),
            "{typed}"
        );
        assert!(said.body.contains("data-focus"), "{typed}");
    }
    assert!(season.state.lock().unwrap().bought.is_empty());
    let said = post(&season, &path, &format!("{LIVE_KIND}=2&{good}&promo=harbour20&apply=1")).await;
    assert!(said.body.contains("HARBOUR20 takes $4.00 off"), "{}", said.body);
    let slam = format!("/shows/{SLAM}/buy");
    let said =
        post(&season, &slam, &format!("n-0000000000000041=1&u-0000000000000041=4.999&{good}&pay=1")).await;
    assert!(said.body.contains("value=\"4.999\""));
    let said = post(&season, &slam, &format!("n-0000000000000041=1&u-0000000000000041=2&{good}&pay=1")).await;
    assert!(said.body.contains("costs more than that"));
}

#[tokio::test]
async fn the_door_asks_once_and_is_logged() {
    let season = season();
    let said = post(&season, &format!("/tickets/{TICKET_LIVE}/enter"), "").await;
    assert_eq!(said.to(), format!("/shows/{LIVE}/door"));
    let said = post(&season, &format!("/shows/{LIVE}/door"), "").await;
    assert_eq!(said.to(), format!("/shows/{LIVE}/watch"));
    let cookie = said.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("palco-warned-0000000000000001=1") && !cookie.contains("Max-Age"), "{cookie}");
    assert_eq!(season.state.lock().unwrap().warned.len(), 1);
}

#[tokio::test]
async fn an_account_is_found_by_mail_only() {
    let season = season();
    let known = post(&season, "/account", "email=marisol%40example.com").await;
    let unknown = post(&season, "/account", "email=nobody1%40example.com").await;
    assert_eq!(known.body.replace("marisol@", "x@"), unknown.body.replace("nobody1@", "x@"));
    let said = post(&season, "/account/link/token-from-the-mail", "").await;
    assert_eq!(said.to(), "/account");
    assert!(said.headers[header::SET_COOKIE].to_str().unwrap().contains("palco-session="));
    let said = post(&season, "/account/link/token-that-is-old", "").await;
    assert!(said.status == StatusCode::NOT_FOUND && said.body.contains("used already"));
}

const SHOW: &str = "title=The+Late+Harbour&summary=New+summary&time_zone=America%2FNew_York&currency=USD&sales=open&genre=show";

#[tokio::test]
async fn two_save_one_show_and_nothing_is_lost() {
    let season = season();
    let said = post(&season, &office(""), &format!("{SHOW}&revision=3&starts_at=2027-03-13T20:00")).await;
    assert_eq!(said.to(), format!("/office/shows/{JAZZ}?saved"));
    let said = post(&season, &office(""), &format!("{}&revision=3", SHOW.replace("New+", "Other+"))).await;
    assert_eq!(said.status, StatusCode::CONFLICT);
    assert!(said.body.contains("value=\"Other summary\""), "what was typed is in the form");
    assert!(said.body.contains("<td dir=\"auto\">New summary</td>"), "what is stored is beside it");
    assert!(said.body.contains("name=\"revision\" value=\"4\""), "saving again counts");
    assert_eq!(troubles(&said.body), Vec::<String>::new());
}

#[tokio::test]
async fn an_hour_the_clocks_jump_over_is_refused() {
    let season = season();
    let said = post(&season, &office(""), &format!("{SHOW}&revision=3&starts_at=2027-03-14T02:30")).await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        said.body.contains("the clocks jump over it") && said.body.contains("value=\"2027-03-14T02:30\"")
    );
}

#[tokio::test]
async fn no_cell_of_a_table_is_a_formula() {
    let season = season_saying("=HYPERLINK(\"http://evil.example\")");
    for path in [office("/statement.csv"), format!("/statements/{STATEMENT}/statement.csv")] {
        let said = get(&season, &path).await;
        assert_eq!(said.status, StatusCode::OK);
        assert!(said.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{}", said.body);
        assert!(!said.body.lines().any(|line| line.starts_with('=')), "{}", said.body);
    }
}

#[tokio::test]
async fn whoever_was_there_rates_and_nobody_before() {
    let season = season();
    post(&season, &format!("/tickets/{TICKET}/rate"), "stars=5&liked=1").await;
    assert!(season.state.lock().unwrap().ratings.is_empty(), "the show has not begun");
    let said = post(&season, &format!("/tickets/{TICKET_PAST}/rate"), "stars=4&liked=1").await;
    assert_eq!(said.to(), format!("/tickets/{TICKET_PAST}?rated"));
    let said = get(&season, &format!("/tickets/{TICKET_PAST}")).await;
    assert!(said.body.contains("value=\"4\" checked") || said.body.contains("value=\"4\"checked"));
    let said = post(&season, &format!("/tickets/{TICKET_PAST}/rate"), "stars=6").await;
    assert_eq!(said.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn calling_off_wants_the_title() {
    let season = season();
    let said = post(&season, &office("/cancel"), "title=the+late").await;
    assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(season.state.lock().unwrap().calls.is_empty());
    post(&season, &office("/cancel"), "title=The+Late+Harbour").await;
    assert_eq!(season.state.lock().unwrap().calls, ["cancel 0000000000000002"]);
}

#[tokio::test]
async fn posters_come_in_and_large_ones_do_not() {
    let season = season();
    let upload = |bytes: Vec<u8>| {
        let mut body =
            b"--x\r\nContent-Disposition: form-data; name=\"poster\"; filename=\"a.jpg\"\r\n\r\n".to_vec();
        body.extend(bytes);
        body.extend(b"\r\n--x--\r\n");
        let request = request("POST", &office("/poster")).header("sec-fetch-site", "same-origin");
        request.header("content-type", "multipart/form-data; boundary=x").body(Body::from(body)).unwrap()
    };
    assert_eq!(send(&season, upload(vec![0xff, 0xd8, 1])).await.status, StatusCode::SEE_OTHER);
    let pdf = send(&season, upload(b"%PDF-1.7".to_vec())).await;
    assert!(pdf.status == StatusCode::UNPROCESSABLE_ENTITY && pdf.body.contains("not a picture"));
    let large = send(&season, upload(vec![0; 11 << 20])).await;
    assert!(large.status == StatusCode::PAYLOAD_TOO_LARGE && large.body.contains("larger than 10 MB"));
    assert!(send(&season, upload(Vec::new())).await.body.contains("Choose a picture first"));
    let wrong = send(&season, request("GET", &office("/settle")).body(Body::empty()).unwrap()).await;
    assert!(wrong.status == StatusCode::METHOD_NOT_ALLOWED && wrong.body.contains("<h1>"));
    let text = "title=".to_owned() + &"a".repeat(70_000);
    assert_eq!(post(&season, &office(""), &text).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_page_that_is_the_same_is_not_sent_again_and_codes_are_not_kept() {
    let season = season();
    let said = get(&season, &format!("/shows/{JAZZ}")).await;
    let tag = said.headers[header::ETAG].clone();
    let again =
        request("GET", &format!("/shows/{JAZZ}")).header("if-none-match", tag).body(Body::empty()).unwrap();
    let said = send(&season, again).await;
    assert_eq!((said.status, said.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    for path in [format!("/tickets/{TICKET}"), format!("/orders/{HELD}"), "/account".into(), "/office".into()]
    {
        assert_eq!(get(&season, &path).await.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn drafts_and_unknown_things_are_not_here() {
    let season = season();
    for path in [
        "/shows/secret-draft",
        "/shows/secret-draft/buy",
        "/shows/none",
        "/tickets/none-of-these",
        "/orders/x",
        "/statements/..%2f..%2fetc",
        "/posters/..%2fmod.rs",
    ] {
        let said = get(&season, path).await;
        assert_eq!(said.status, StatusCode::NOT_FOUND, "{path}");
        assert!(said.body.contains("not_here") && troubles(&said.body).is_empty(), "{path}");
    }
    assert!(!get(&season, "/").await.body.contains("Not announced yet"));
    assert!(!get(&season, "/sitemap.xml").await.body.contains("secret-draft"));
    assert!(get(&season, "/robots.txt").await.body.contains("Disallow: /orders/"));
}

#[tokio::test]
async fn who_tries_codes_is_slowed_down_and_the_house_is_not() {
    let season = season();
    let assets = Assets::default();
    let app = router(season, SiteConfig { public_url: None, tls: false, assets });
    let mut seen = Vec::new();
    for (ip, n) in [([192, 0, 2, 9], 40), ([127, 0, 0, 1], 40)] {
        for at in 0..n {
            let from = axum::extract::ConnectInfo(std::net::SocketAddr::from((ip, 5000)));
            let request = Request::get(format!("/tickets/guess-number-{at}")).extension(from);
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            seen.push((ip[0], response.status()));
        }
    }
    assert!(seen.iter().any(|(ip, status)| *ip == 192 && *status == StatusCode::TOO_MANY_REQUESTS));
    assert!(seen.iter().all(|(ip, status)| *ip == 192 || *status == StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn the_first_owner_needs_the_admin_token() {
    let empty = season();
    let season = Arc::new(Season {
        has_staff: false,
        state: Default::default(),
        role: std::sync::Mutex::new(Role::Owner),
    });
    drop(empty);
    let form =
        |token: &str| format!("token={token}&name=Clara&email=clara%40example.com&password=correct+horse");
    let said = post(&season, "/office/first", &form("guess")).await;
    assert!(said.status == StatusCode::UNPROCESSABLE_ENTITY && said.body.contains("not the admin token"));
    let said = post(&season, "/office/first", &form(ADMIN)).await;
    assert_eq!(said.to(), "/office");
    assert_eq!(season.state.lock().unwrap().calls, ["staff clara@example.com owner by "]);
}
