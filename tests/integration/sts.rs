//! The Security Token Service on the same port: who a caller is, in the service's own words.

use crate::harness::{Harness, Reply};

const NAMESPACE: &str = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";
const CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";

fn between<'a>(reply: &'a Reply, element: &str) -> &'a str {
    let (_, rest) = reply
        .body
        .split_once(&format!("<{element}>"))
        .expect("the element");
    rest.split_once("</").expect("its end").0
}

#[tokio::test]
async fn a_caller_is_told_who_it_is() {
    let harness = Harness::start().await;
    for (key, region, account, arn) in [
        (
            "test",
            "us-east-1",
            "000000000000",
            "arn:aws:iam::000000000000:root",
        ),
        (
            "123456789012",
            "eu-west-1",
            "123456789012",
            "arn:aws:iam::123456789012:root",
        ),
        (
            "test",
            "cn-north-1",
            "000000000000",
            "arn:aws-cn:iam::000000000000:root",
        ),
        (
            "test",
            "us-gov-west-1",
            "000000000000",
            "arn:aws-us-gov:iam::000000000000:root",
        ),
    ] {
        let reply = harness.post_signed_for("sts", CALLER, (key, region)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert!(reply.body.starts_with(&format!(
            "<GetCallerIdentityResponse {NAMESPACE}><GetCallerIdentityResult>"
        )));
        assert_eq!(between(&reply, "Arn"), arn);
        assert_eq!(between(&reply, "Account"), account);
        assert_eq!(between(&reply, "UserId"), account);
        assert_eq!(between(&reply, "RequestId"), reply.request_id);
    }
    // Nobody signed it: its version says which service is meant.
    let reply = harness.post(CALLER, None).await;
    assert_eq!(
        (reply.status, between(&reply, "Account")),
        (200, "000000000000")
    );
    harness.finish().await;
}

#[tokio::test]
async fn anything_else_is_refused_in_its_own_words() {
    let harness = Harness::start().await;
    for (body, code, text) in [
        (
            "Action=AssumeRole&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation AssumeRole for version 2011-06-15",
        ),
        (
            "Action=DescribeCacheClusters&Version=2015-02-02",
            "InvalidAction",
            "Could not find operation DescribeCacheClusters for version 2015-02-02",
        ),
        (
            "Action=GetCallerIdentity",
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
        ),
        (
            "Version=2011-06-15",
            "MissingAction",
            "The request is missing an action or a required parameter.",
        ),
    ] {
        let reply = harness
            .post_signed_for("sts", body, ("test", "us-east-1"))
            .await;
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert!(
            reply
                .body
                .starts_with(&format!("<ErrorResponse {NAMESPACE}>")),
            "{}",
            reply.body
        );
        assert_eq!(
            (between(&reply, "Code"), between(&reply, "Message")),
            (code, text),
            "{body}"
        );
    }
    harness.finish().await;
}
