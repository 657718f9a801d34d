//! Whom to let in to the nodes of a replication group: which of them have to be given users.
//!
//! A node has users in its memory alone. So each new run of one begins without (a guarded node then lets nobody in but us), and what it
//! was given is noted with the run that it was given in. A node that is not known to run is left to those who bring it back.

use crate::resources::replication_group::ReplicationGroup;

/// The members, by their index, whose nodes are known to run and have not been given the users that are wished, each with that run.
pub fn plan(group: &ReplicationGroup) -> Vec<(usize, String)> {
    if group.deletion_requested_at.is_some() || group.failure.is_some() {
        return Vec::new();
    }
    let members = group.members.iter().enumerate();
    members
        .filter(|(_, member)| member.deletion_requested_at.is_none() && !group.has_access(member))
        .filter_map(|(index, member)| Some((index, member.known_run()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cache_cluster::{AppliedAccess, Observation};
    use crate::resources::replication_group::tests::settled;
    use crate::resources::timestamp::Timestamp;

    fn given(group: &mut ReplicationGroup, index: usize, run: &str, generation: u64) {
        let membership = group.members[index].membership.as_mut().expect("a member");
        membership.access = Some(AppliedAccess {
            started_at: run.to_owned(),
            generation,
        });
    }

    #[test]
    fn nodes_are_given_users_once_in_each_run_and_for_each_wish() {
        let mut group = settled(2);
        assert_eq!(plan(&group), [], "everyone is let in, and always was");
        group.access.generation = 2;
        let run = || "run 1".to_owned();
        assert_eq!(plan(&group), [(0, run()), (1, run()), (2, run())]);
        given(&mut group, 0, "run 1", 2);
        given(&mut group, 1, "run 1", 1);
        given(&mut group, 2, "run 0", 2);
        assert_eq!(plan(&group), [(1, run()), (2, run())]);
        group.members[1].nodes[0].observation = Observation::Unknown;
        assert_eq!(plan(&group), [(2, run())]);
        group.members[2].deletion_requested_at = Some(Timestamp::from_millis(1));
        assert_eq!(plan(&group), []);
        group.access.generation = 3;
        assert_eq!(plan(&group), [(0, run())]);
        group.deletion_requested_at = Some(Timestamp::from_millis(1));
        assert_eq!(plan(&group), []);
    }
}
