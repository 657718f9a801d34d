//! Networks that somebody prunes.

use super::*;

#[tokio::test]
async fn pruning_removes_networks_that_no_process_is_attached_to() {
    let (world, runtime) = host().await;
    runtime.ensure_container(&spec("a", 5)).await.unwrap();
    world.prune_networks();
    assert_eq!(world.network_names(), ["nodes"]);
    world.kill("a");
    world.prune_networks();
    assert!(world.network_names().is_empty());
    let start = runtime.start_container("a").await;
    assert!(matches!(start, Err(RuntimeError::NotFound { .. })));
}
