//! The wire: what a request may look like, and what is answered to one that is none.

use cacheplane::http::router::BODY_BYTES_MAX;
use cacheplane_api::Operation;

use crate::coverage::UNWRITTEN;
use crate::harness::{Harness, Reply};

const DESCRIBE: &str = "Action=DescribeCacheClusters&Version=2015-02-02";

/// One HTTP request in raw bytes, after which the server is to hang up.
fn http(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if headers.iter().all(|(name, _)| *name != "Host") {
        text.push_str("Host: localhost:4570\r\n");
    }
    if !body.is_empty() && headers.iter().all(|(name, _)| *name != "Transfer-Encoding") {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n" + body
}

/// The status line's number.
fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn get_and_post_and_both_are_one_request() {
    let harness = Harness::start().await;
    harness.redis("rd").await;
    for (method, target, body) in [
        ("GET", format!("/?{DESCRIBE}"), ""),
        ("POST", "/".to_owned(), DESCRIBE),
        ("POST", format!("/?{DESCRIBE}"), ""),
        (
            "POST",
            "/?Action=DescribeCacheClusters".to_owned(),
            "Version=2015-02-02&ShowCacheNodeInfo=true",
        ),
        ("GET", format!("/?{DESCRIBE}&CacheClusterId=RD&&&"), ""),
        (
            "GET",
            "/?Action=DescribeCacheClusters&Version=2014-12-01".to_owned(),
            "",
        ),
        (
            "GET",
            "/?Version=2014-09-30&Action=Describe%43acheClusters".to_owned(),
            "",
        ),
    ] {
        let answer = harness.raw(http(method, &target, &[], body)).await;
        assert_eq!(status(&answer), 200, "{method} {target} {body}: {answer}");
        assert!(answer.contains("<CacheClusterId>rd</CacheClusterId>"));
        assert!(
            answer
                .to_ascii_lowercase()
                .contains("content-type: text/xml")
        );
    }
    // Any content type: old programs send none.
    for kind in [
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded; charset=utf-8",
    ] {
        let answer = harness
            .raw(http("POST", "/", &[("Content-Type", kind)], DESCRIBE))
            .await;
        assert_eq!(status(&answer), 200);
    }
    harness.finish().await;
}

#[tokio::test]
async fn every_answer_carries_its_request_id_twice() {
    let harness = Harness::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for body in [
        DESCRIBE,
        DESCRIBE,
        "",
        "Action=Nonsense",
        "Action=CreateUser&Version=2015-02-02",
        "%",
    ] {
        let reply = harness.post(body, None).await;
        assert_eq!(reply.text("RequestId"), reply.request_id, "{body}");
        assert_eq!(reply.request_id.len(), 36);
        assert!(ids.insert(reply.request_id));
    }
    harness.finish().await;
}

#[tokio::test]
async fn an_error_has_awss_form() {
    let harness = Harness::start().await;
    let refused = harness.describe("none").await;
    insta::assert_snapshot!(refused.outline(), @r"
    ErrorResponse
      Error
        Type: Sender
        Code: CacheClusterNotFound
        Message: CacheCluster not found: none
      RequestId
    ");
    assert!(
        refused
            .body
            .contains("xmlns=\"http://elasticache.amazonaws.com/doc/2015-02-02/\"")
    );
    harness.finish().await;
}

#[tokio::test]
async fn what_is_no_action_is_refused() {
    let harness = Harness::start().await;
    for (body, code, text) in [
        (
            "",
            "MissingAction",
            "The request is missing an action or a required parameter.",
        ),
        ("Version=2015-02-02", "MissingAction", "missing an action"),
        (
            "Action=&Version=2015-02-02",
            "MissingAction",
            "missing an action",
        ),
        (
            "action=DescribeCacheClusters&Version=2015-02-02",
            "MissingAction",
            "missing an action",
        ),
        (
            "Action=DescribeCaches&Version=2015-02-02",
            "InvalidAction",
            "Could not find operation DescribeCaches for version 2015-02-02",
        ),
        (
            "Action=describecacheclusters&Version=2015-02-02",
            "InvalidAction",
            "Could not find operation describecacheclusters for version 2015-02-02",
        ),
        (
            "Action=DescribeCacheClusters",
            "InvalidAction",
            "Could not find operation DescribeCacheClusters for version NO_VERSION_SPECIFIED",
        ),
        (
            "Action=DescribeCacheClusters&Version=2014-10-31",
            "InvalidAction",
            "Could not find operation DescribeCacheClusters for version 2014-10-31",
        ),
        (
            "Action=DescribeCacheClusters&Version=",
            "InvalidAction",
            "NO_VERSION_SPECIFIED",
        ),
        (
            "Action=<b>&Version=2015-02-02",
            "InvalidAction",
            "Could not find operation <b> for",
        ),
        (
            "Action.1=DescribeCacheClusters&Version=2015-02-02",
            "MissingAction",
            "missing an action",
        ),
    ] {
        let text_given = harness.post(body, None).await.fault(400, code);
        assert!(text_given.contains(text), "{body}: {text_given}");
    }
    let long = format!("Action={}&Version=2015-02-02", "x".repeat(10_000));
    let text = harness.post(&long, None).await.fault(400, "InvalidAction");
    assert!(
        text.len() < 300,
        "a client's own text is not repeated without end"
    );
    harness.finish().await;
}

#[tokio::test]
async fn broken_encoding_is_refused() {
    let harness = Harness::start().await;
    for broken in [
        "CacheClusterId=%",
        "CacheClusterId=%4",
        "CacheClusterId=%zz",
        "%GGCacheClusterId=a",
        "CacheClusterId=%FF",
        "CacheClusterId=%C3%28",
        "CacheClusterId=%ED%A0%80",
        "CacheClusterId=a&CacheClusterId=b",
        "Action=DescribeEvents",
    ] {
        let reply = harness.post(&format!("{DESCRIBE}&{broken}"), None).await;
        reply.fault(404, "MalformedQueryString");
    }
    // Twice the same is once.
    harness
        .post(&format!("{DESCRIBE}&{DESCRIBE}"), None)
        .await
        .ok();
    // Raw bytes that are no text.
    let mut request = http("POST", "/", &[("Content-Length", "8")], "").into_bytes();
    request.extend(b"Action=\xff");
    assert_eq!(status(&harness.raw(request).await), 404);
    let long_name = format!("{DESCRIBE}&{}=1", "a".repeat(600));
    harness
        .post(&long_name, None)
        .await
        .fault(404, "MalformedQueryString");
    let many: String = (0..20_000).map(|n| format!("&a{n}=1")).collect();
    harness
        .post(&(DESCRIBE.to_owned() + &many), None)
        .await
        .fault(404, "MalformedQueryString");
    harness.finish().await;
}

#[tokio::test]
async fn members_that_an_operation_does_not_have_are_ignored() {
    let harness = Harness::start().await;
    for more in [
        "Colour=green",
        "Filters.Filter.1.Name=x&Filters.Filter.1.Values.member.1=y",
        "maxrecords=1",
        "X-Amz-Date=20260304T120000Z&X-Amz-SignedHeaders=host",
        "NumCacheNodes=many",
        "=",
        "a.b.c.d.e.f.g.h=1",
        "%00=%00",
    ] {
        harness.post(&format!("{DESCRIBE}&{more}"), None).await.ok();
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_body_has_a_bound() {
    let harness = Harness::start().await;
    let body = |length: usize| format!("{DESCRIBE}&x={}", "y".repeat(length - DESCRIBE.len() - 3));
    harness.post(&body(BODY_BYTES_MAX), None).await.ok();
    let too_long = body(BODY_BYTES_MAX + 1);
    let answer = harness.raw(http("POST", "/", &[], &too_long)).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.contains("<Code>RequestEntityTooLarge</Code>"));
    // Announced: refused without waiting for it.
    let announced = http("POST", "/", &[("Content-Length", "999999999999")], "");
    assert_eq!(status(&harness.raw(announced).await), 413);
    // In chunks, nothing is announced.
    let chunks = |count: usize| {
        let chunk = format!("10000\r\n{}\r\n", "y".repeat(0x10000));
        let head = http("POST", "/", &[("Transfer-Encoding", "chunked")], "");
        let first = format!("{:x}\r\n{DESCRIBE}&x=\r\n", DESCRIBE.len() + 3);
        head + &first + &chunk.repeat(count) + "0\r\n\r\n"
    };
    assert_eq!(status(&harness.raw(chunks(15)).await), 200);
    assert_eq!(status(&harness.raw(chunks(17)).await), 413);
    harness.finish().await;
}

#[tokio::test]
async fn a_presigned_request_says_who_calls_in_its_query() {
    let harness = Harness::start().await;
    let credential = "123456789012%2F20260304%2Feu-west-1%2Felasticache%2Faws4_request";
    let query = format!(
        "/?{DESCRIBE}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date=20260304T120000Z\
         &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    );
    let members = [
        ("CacheClusterId", "theirs"),
        ("Engine", "redis"),
        ("CacheNodeType", "cache.t3.micro"),
    ];
    harness
        .call_as("123456789012", "eu-west-1", "CreateCacheCluster", &members)
        .await
        .ok();
    let answer = harness.raw(http("GET", &query, &[], "")).await;
    assert!(
        answer.contains(":eu-west-1:123456789012:cluster:theirs"),
        "{answer}"
    );
    // The header counts where there are both.
    let header = "AWS4-HMAC-SHA256 Credential=x/20260304/us-east-1/elasticache/aws4_request, SignedHeaders=host, Signature=0";
    let answer = harness
        .raw(http("GET", &query, &[("Authorization", header)], ""))
        .await;
    assert_eq!(status(&answer), 200);
    assert!(!answer.contains("theirs"));
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn a_signature_that_is_none_is_refused() {
    let harness = Harness::start().await;
    for header in [
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Signature=00",
        "AWS4-HMAC-SHA256 Credential=key",
        "AWS4-HMAC-SHA256 Credential=key/2026/us-east-1/elasticache/aws4_request",
    ] {
        let answer = harness
            .raw(http("POST", "/", &[("Authorization", header)], DESCRIBE))
            .await;
        assert_eq!(status(&answer), 400, "{header}");
        assert!(
            answer.contains("<Code>IncompleteSignature</Code>"),
            "{header}: {answer}"
        );
    }
    let answer = harness
        .raw(http(
            "GET",
            &format!("/?{DESCRIBE}&X-Amz-Credential=key"),
            &[],
            "",
        ))
        .await;
    assert!(
        answer.contains("<Code>IncompleteSignature</Code>"),
        "{answer}"
    );
    harness.finish().await;
}

/// A plain refusal: SDKs retry a 5xx for minutes.
#[tokio::test]
async fn operations_that_are_not_written_say_so() {
    let harness = Harness::start().await;
    for operation in Operation::ALL {
        let name = operation.name();
        if !UNWRITTEN.contains(&name) {
            continue;
        }
        let text = harness.call(name, &[]).await.fault(400, "NotImplemented");
        assert_eq!(text, format!("cacheplane does not implement {name} yet."));
    }
    harness.finish().await;
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let harness = Harness::start().await;
    for (method, target, expected) in [
        ("PUT", "/", 405),
        ("DELETE", "/", 405),
        ("PATCH", "/", 405),
        ("OPTIONS", "/", 405),
        ("POST", "/admin/v1/health", 405),
        ("GET", "/debug/v1/reconcilers/router/wake", 405),
        ("GET", "/nothing", 404),
        ("GET", "/admin/v1/nothing", 404),
        ("GET", "//", 404),
        ("POST", "/debug/v1/reconcilers/nobody/wake", 404),
        ("POST", "/debug/v1/reconcilers/router/wake", 202),
        ("GET", "/admin/v1/health", 200),
        ("GET", "/ca.pem", 200),
        ("GET", "/admin/v1/status", 200),
        ("POST", "/admin/v1/service-updates", 415),
        ("POST", "/admin/v1/service-updates/none/cancel", 404),
        ("GET", "/debug/v1/reconcilers", 200),
    ] {
        let answer = harness.raw(http(method, target, &[], "")).await;
        assert_eq!(status(&answer), expected, "{method} {target}: {answer}");
    }
    assert!(
        harness
            .get("/admin/v1/health")
            .await
            .body
            .contains("\"status\":\"ok\"")
    );
    let authority = harness.raw(http("GET", "/ca.pem", &[], "")).await;
    let certificate = harness.world.ground.authority.certificate_pem();
    assert!(authority.ends_with(certificate), "{authority}");
    let reconcilers = [
        "cache_cluster",
        "replication_group",
        "watch",
        "router",
        "health",
        "maintenance",
        "certificates",
    ];
    for name in reconcilers {
        let target = format!("/debug/v1/reconcilers/{name}/wake");
        assert_eq!(
            status(&harness.raw(http("POST", &target, &[], "")).await),
            202
        );
    }
    harness.finish().await;
}

/// A page in a browser, of somebody else's, must not change or read anything: neither by a form, nor through a name that it
/// makes point here.
#[tokio::test]
async fn pages_from_elsewhere_are_refused() {
    let harness = Harness::start().await;
    for (target, host, origin, expected) in [
        // Programs send no Origin, and reach this server under any name.
        ("/", "elasticache.us-east-1.amazonaws.com", "", 200),
        ("/", "cacheplane:4570", "", 200),
        ("/", "localhost:4570", "", 200),
        // A page of our own.
        ("/", "localhost:4570", "http://localhost:4570", 200),
        ("/", "127.0.0.1:4570", "http://127.0.0.1:4570", 200),
        ("/", "[::1]:4570", "http://[::1]:4570", 200),
        // A form on another page.
        ("/", "localhost:4570", "http://evil.example", 403),
        ("/", "localhost:4570", "https://localhost", 403),
        ("/", "localhost:4570", "http://localhost:8080", 403),
        ("/", "localhost:4570", "null", 403),
        // A name that was made to point here: the page's own origin, as the browser sees it.
        ("/", "evil.example:4570", "http://evil.example:4570", 403),
        ("/admin/v1/health", "evil.example:4570", "", 403),
        ("/admin/v1/health", "localhost.evil.example", "", 403),
        (
            "/admin/v1/health",
            "evil.example:4570",
            "http://evil.example:4570",
            403,
        ),
        ("/debug/v1/reconcilers", "evil.example", "", 403),
        ("/ca.pem", "cacheplane:4570", "", 200),
        ("/admin/v1/health", "localhost:4570", "", 200),
        ("/admin/v1/health", "localhost", "", 200),
        ("/admin/v1/health", "127.0.0.1:4570", "", 200),
        ("/admin/v1/health", "[::1]:4570", "", 200),
        ("/admin/v1/health", "192.168.1.7:4570", "", 200),
        (
            "/admin/v1/health",
            "localhost:4570",
            "http://evil.example",
            403,
        ),
    ] {
        let mut headers = vec![("Host", host)];
        headers.extend((!origin.is_empty()).then_some(("Origin", origin)));
        let (method, body) = if target == "/" {
            ("POST", DESCRIBE)
        } else {
            ("GET", "")
        };
        let answer = harness.raw(http(method, target, &headers, body)).await;
        assert_eq!(
            status(&answer),
            expected,
            "{target} {host} {origin}: {answer}"
        );
    }
    harness.finish().await;
}

/// An image or a link on another site's page is a GET without an `Origin`, and browsers say whose page it was.
#[tokio::test]
async fn links_from_elsewhere_are_refused() {
    let harness = Harness::start().await;
    for (site, expected) in [
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 200),
        // Typed into the address bar.
        ("none", 200),
    ] {
        let headers = [("Host", "localhost:4570"), ("Sec-Fetch-Site", site)];
        let target = format!("/?{DESCRIBE}");
        let answer = harness.raw(http("GET", &target, &headers, "")).await;
        assert_eq!(status(&answer), expected, "{site}: {answer}");
    }
    harness.finish().await;
}

/// What looks like markup in a request is text in the answer.
#[tokio::test]
async fn texts_are_escaped() {
    let harness = Harness::start().await;
    let strange = "<x a='\"'>&amp;]]>\u{1f980}";
    let reply: Reply = harness.describe(strange).await;
    let text = reply.fault(404, "CacheClusterNotFound");
    assert_eq!(text, format!("CacheCluster not found: {strange}"));
    // XML cannot say every character.
    let reply = harness
        .call(
            "DescribeCacheClusters",
            &[("CacheClusterId", "a\u{0}\u{1}\u{fffe}b")],
        )
        .await;
    reply.fault(404, "CacheClusterNotFound");
    harness.finish().await;
}
