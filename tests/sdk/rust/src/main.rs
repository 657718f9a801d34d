//! The life of a cache as a program with AWS's SDK for Rust sees it: made, waited for, paged through, tagged, refused, taken away.
//! `AWS_ENDPOINT_URL` and `CACHE_NAME` come from test_rust.py.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::client::Waiters;
use aws_sdk_elasticache::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_elasticache::error::ProvideErrorMetadata;
use aws_sdk_elasticache::types::{AutomaticFailoverStatus, ParameterNameValue, SourceType, Tag};

type Done = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(240);
const NODE_TYPE: &str = "cache.t3.micro";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let name = std::env::var("CACHE_NAME")?;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(std::env::var("AWS_ENDPOINT_URL")?)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .build();
    let client = Client::from_conf(config);
    let [one, many, values] = ["one", "group", "parameters"].map(|word| format!("{name}-{word}"));
    tokio::try_join!(
        cluster(&client, &one),
        group(&client, &many),
        parameters(&client, &values),
    )?;
    println!("done");
    Ok(())
}

async fn cluster(client: &Client, id: &str) -> Done {
    let wanted = || {
        client
            .create_cache_cluster()
            .cache_cluster_id(id)
            .engine("redis")
            .cache_node_type(NODE_TYPE)
            .num_cache_nodes(1)
    };
    let refused = wanted().port(8005).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
    let refused = refused.into_service_error();
    assert!(
        refused.is_invalid_parameter_value_exception(),
        "{refused:?}"
    );

    let owner = Tag::builder().key("owner").value("Rust").build();
    let made = wanted().tags(owner).send().await?;
    let made = made.cache_cluster().expect("the cluster");
    assert_eq!(made.cache_cluster_status(), Some("creating"));
    let again = wanted().send().await.unwrap_err().into_service_error();
    assert!(again.is_cache_cluster_already_exists_fault(), "{again:?}");
    client
        .wait_until_cache_cluster_available()
        .cache_cluster_id(id)
        .wait(PATIENCE)
        .await?;

    let found = client
        .describe_cache_clusters()
        .cache_cluster_id(id)
        .show_cache_node_info(true)
        .send()
        .await?;
    let [found] = found.cache_clusters() else {
        panic!("not one cluster: {found:?}");
    };
    assert!(found.cache_cluster_create_time().is_some());
    let endpoint = found.cache_nodes()[0].endpoint().expect("its endpoint");
    assert_eq!(endpoint.port(), Some(6379));
    tags(client, found.arn().expect("its ARN")).await?;

    client
        .delete_cache_cluster()
        .cache_cluster_id(id)
        .send()
        .await?;
    client
        .wait_until_cache_cluster_deleted()
        .cache_cluster_id(id)
        .wait(PATIENCE)
        .await?;
    let gone = client
        .describe_cache_clusters()
        .cache_cluster_id(id)
        .send()
        .await;
    assert!(
        gone.unwrap_err()
            .into_service_error()
            .is_cache_cluster_not_found_fault()
    );
    let mut events = client
        .describe_events()
        .source_type(SourceType::CacheCluster)
        .source_identifier(id)
        .into_paginator()
        .items()
        .send();
    let mut messages = Vec::new();
    while let Some(event) = events.try_next().await? {
        assert!(event.date().is_some());
        messages.push(event.message().unwrap_or_default().to_owned());
    }
    assert!(messages.len() > 1, "{messages:?}");
    Ok(())
}

async fn tags(client: &Client, arn: &str) -> Done {
    let more = Tag::builder().key("größe").value("<&>").build();
    client
        .add_tags_to_resource()
        .resource_name(arn)
        .tags(more)
        .send()
        .await?;
    let listed = client
        .list_tags_for_resource()
        .resource_name(arn)
        .send()
        .await?;
    let listed: BTreeMap<_, _> = listed
        .tag_list()
        .iter()
        .map(|tag| (tag.key(), tag.value()))
        .collect();
    let expected = [(Some("größe"), Some("<&>")), (Some("owner"), Some("Rust"))];
    assert_eq!(listed, BTreeMap::from(expected));
    let remove = || {
        client
            .remove_tags_from_resource()
            .resource_name(arn)
            .tag_keys("owner")
            .send()
    };
    remove().await?;
    let absent = remove().await.unwrap_err().into_service_error();
    assert!(absent.is_tag_not_found_fault(), "{absent:?}");
    Ok(())
}

async fn group(client: &Client, id: &str) -> Done {
    client
        .create_replication_group()
        .replication_group_id(id)
        .replication_group_description("from Rust")
        .engine("valkey")
        .cache_node_type(NODE_TYPE)
        .num_cache_clusters(2)
        .automatic_failover_enabled(true)
        .send()
        .await?;
    client
        .wait_until_replication_group_available()
        .replication_group_id(id)
        .wait(PATIENCE)
        .await?;
    let found = client
        .describe_replication_groups()
        .replication_group_id(id)
        .send()
        .await?;
    let found = &found.replication_groups()[0];
    assert_eq!(
        found.automatic_failover(),
        Some(&AutomaticFailoverStatus::Enabled)
    );
    let members = found.node_groups()[0].node_group_members();
    let roles: Vec<_> = members
        .iter()
        .filter_map(|member| member.current_role())
        .collect();
    assert_eq!(roles, ["primary", "replica"]);
    client
        .delete_replication_group()
        .replication_group_id(id)
        .send()
        .await?;
    client
        .wait_until_replication_group_deleted()
        .replication_group_id(id)
        .wait(PATIENCE)
        .await?;
    let gone = client
        .describe_replication_groups()
        .replication_group_id(id)
        .send()
        .await;
    assert!(
        gone.unwrap_err()
            .into_service_error()
            .is_replication_group_not_found_fault()
    );
    Ok(())
}

async fn parameters(client: &Client, name: &str) -> Done {
    client
        .create_cache_parameter_group()
        .cache_parameter_group_name(name)
        .cache_parameter_group_family("redis7")
        .description("from Rust")
        .send()
        .await?;
    let value = ParameterNameValue::builder()
        .parameter_name("maxmemory-policy")
        .parameter_value("allkeys-lfu")
        .build();
    client
        .modify_cache_parameter_group()
        .cache_parameter_group_name(name)
        .parameter_name_values(value)
        .send()
        .await?;
    let mut pages = client
        .describe_cache_parameters()
        .cache_parameter_group_name(name)
        .max_records(20)
        .into_paginator()
        .send();
    let mut all = BTreeMap::new();
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        count += 1;
        assert!(page.parameters().len() <= 20);
        for one in page.parameters() {
            all.insert(
                one.parameter_name().unwrap_or_default().to_owned(),
                one.parameter_value().map(str::to_owned),
            );
        }
    }
    assert!(count > 2, "{count} pages");
    assert_eq!(all["maxmemory-policy"].as_deref(), Some("allkeys-lfu"));
    client
        .delete_cache_parameter_group()
        .cache_parameter_group_name(name)
        .send()
        .await?;
    let gone = client
        .delete_cache_parameter_group()
        .cache_parameter_group_name(name)
        .send()
        .await;
    assert!(
        gone.unwrap_err()
            .into_service_error()
            .is_cache_parameter_group_not_found_fault()
    );
    Ok(())
}
