//! Compatible mode: the primary endpoint follows whoever serves the first node group; it and the reader endpoint go when that mode ends.

use std::net::Ipv4Addr;

use super::*;
use crate::planner::replication_group::Establish;

/// In compatible mode and as wished. The other node groups of the scene are as good as none.
fn compatible(it: &mut Scene) {
    it.group.spec.cluster_mode = ClusterMode::Compatible;
    let endpoint = |last| MovingEndpoint {
        address: Some(Ipv4Addr::new(10, 0, 1, last)),
        ..MovingEndpoint::default()
    };
    it.group.primary_endpoint = endpoint(11);
    it.group.reader_endpoint = endpoint(12);
    it.group.reader_endpoint.route_served = it.group.route(GroupEndpoint::Reader);
    it.seen.members[0].has_primary_address = true;
}

fn establish(primary: usize, detach: &[usize], attach: bool) -> Plan {
    group_stage(GroupStage::Establish(Establish {
        primary,
        from: None,
        detach: detach.to_vec(),
        promote: None,
        attach,
        follow: vec![],
    }))
}

#[test]
fn it_has_three_endpoints() {
    check(compatible, Plan::Converged);
    for endpoint in GroupEndpoint::ALL {
        let lacking = |it: &mut Scene| {
            compatible(it);
            match endpoint {
                GroupEndpoint::Primary => it.group.primary_endpoint = MovingEndpoint::default(),
                GroupEndpoint::Reader => it.group.reader_endpoint = MovingEndpoint::default(),
                GroupEndpoint::Configuration => {
                    it.group.configuration_endpoint = MovingEndpoint::default();
                }
            }
        };
        check(lacking, group_stage(GroupStage::Allocate));
    }
}

#[test]
fn the_primary_endpoint_is_where_slots_are_served() {
    let nowhere = |it: &mut Scene| {
        compatible(it);
        it.seen.members[0].has_primary_address = false;
    };
    check(nowhere, establish(0, &[], true));
    let elected = |it: &mut Scene| {
        compatible(it);
        it.take_over(1);
        it.record(1);
    };
    check(elected, establish(1, &[0], true));
    // One that ended keeps the address for its next start, too.
    let ended = |it: &mut Scene| {
        elected(it);
        it.end(0);
    };
    check(ended, establish(1, &[0], true));
    let twice = |it: &mut Scene| {
        elected(it);
        it.seen.members[1].has_primary_address = true;
    };
    check(twice, establish(1, &[0], false));
    // What is on record comes first: routers go by that.
    let unrecorded = |it: &mut Scene| {
        compatible(it);
        it.take_over(1);
    };
    let mut it = scene();
    unrecorded(&mut it);
    let sharding = it.group.sharding.clone().expect("be sharded");
    let next = plan(&it.group, &sharding, &it.seen, it.now);
    assert!(
        matches!(next, Plan::Do(Stage::RecordServing(_))),
        "{next:?}"
    );
    // Nobody is promoted for it: where nobody serves, it stays where it is.
    let unserved = |it: &mut Scene| {
        compatible(it);
        it.end(0);
    };
    check(unserved, group_stage(GroupStage::RecordSilent(vec![0])));
}

#[test]
fn enabled_it_gives_up_the_endpoints_of_the_other_mode() {
    let enabled = |it: &mut Scene| {
        compatible(it);
        it.group.change_cluster_mode(ClusterMode::Enabled);
    };
    check(enabled, group_stage(GroupStage::Detach(vec![0])));
    let detached = |it: &mut Scene| {
        enabled(it);
        it.seen.members[0].has_primary_address = false;
    };
    let both = vec![GroupEndpoint::Primary, GroupEndpoint::Reader];
    check(detached, group_stage(GroupStage::Release(both)));
    let released = |it: &mut Scene| {
        detached(it);
        it.group.primary_endpoint = MovingEndpoint::default();
        it.group.reader_endpoint = MovingEndpoint::default();
    };
    check(released, group_stage(GroupStage::Converge));
}

#[test]
fn routes_go_by_who_was_last_seen_to_serve() {
    let mut it = scene();
    compatible(&mut it);
    it.group.members.truncate(2);
    let routes = |it: &Scene| GroupEndpoint::ALL.map(|one| it.group.route(one));
    let some = |text: &str| Some(text.to_owned());
    let (one, two) = ("10.0.0.1:6379", "10.0.0.2:6379");
    assert_eq!(
        routes(&it),
        [
            // Where the address is the primary's own.
            None,
            some(&format!("{two}|{one}")),
            some(&format!("{one},{two}|")),
        ]
    );
    it.group.primary_endpoint = MovingEndpoint {
        published_port: Some(6379),
        ..MovingEndpoint::default()
    };
    assert_eq!(routes(&it)[0], some(&format!("{one}|")));
    it.record(1);
    assert_eq!(routes(&it)[0], some(&format!("{two}|")));
    assert_eq!(routes(&it)[1], some(&format!("{one}|{two}")));
    // Without a replica the primary is read from.
    *it.joined(0) = None;
    assert_eq!(routes(&it)[1], some(&format!("{two}|")));
    it.group.spec.cluster_mode = ClusterMode::Enabled;
    assert_eq!(routes(&it), [None, None, some(&format!("{two}|"))]);
}
