//! Who a replication group lets in: users, or whoever has an AUTH token.

use super::{AttachedUserGroup, GroupAccess, GroupChange, ReplicationGroup};
use crate::resources::auth_token::{AuthTokenStrategy, AuthTokens};

impl ReplicationGroup {
    /// Lets in the users of this group alone, from its first moment on; for a group that is not there yet.
    pub fn guard(&mut self, user_group: AttachedUserGroup) {
        self.spec.iam = user_group.has_iam;
        for member in &mut self.members {
            member.spec.iam = user_group.has_iam;
        }
        self.close(GroupAccess {
            generation: 1,
            user_group: Some(user_group),
            auth_tokens: None,
        });
    }

    /// Lets in whoever has one of these tokens, from its first moment on; for a group that is not there yet.
    pub fn demand_tokens(&mut self, tokens: AuthTokens) {
        self.close(GroupAccess {
            generation: 1,
            user_group: None,
            auth_tokens: Some(tokens),
        });
    }

    fn close(&mut self, access: GroupAccess) {
        self.spec.guarded = true;
        let changed_at = access.auth_tokens.as_ref().map(|it| it.changed_at);
        for member in &mut self.members {
            member.spec.guarded = true;
            if let Some(membership) = &mut member.membership {
                membership.auth_token_changed_at = changed_at;
            }
        }
        self.access = access;
    }

    /// Has other AUTH tokens, or none. As with the first user group, members are rolled where nobody need have had one before.
    pub fn change_tokens(&mut self, strategy: AuthTokenStrategy, tokens: Option<AuthTokens>) {
        if self.access.auth_tokens == tokens {
            return;
        }
        self.spec.guarded |= tokens.as_ref().is_some_and(|it| !it.optional);
        self.access.auth_tokens = tokens;
        self.changes.push(GroupChange::AuthToken(strategy));
        self.raise_generation();
    }

    /// Has another user group, or none. Members are rolled when the first comes: a node that was made before starts open to everyone.
    /// They are, too, when the first user of IAM does: a node that was made before has nobody who knows tokens.
    pub fn attach_user_group(&mut self, user_group: Option<AttachedUserGroup>) {
        let id = |group: &Option<AttachedUserGroup>| {
            group.as_ref().map(|group| group.user_group_id.clone())
        };
        let (from, to) = (id(&self.access.user_group), id(&user_group));
        if from == to {
            return;
        }
        self.spec.guarded |= user_group.is_some();
        self.spec.iam = user_group.as_ref().is_some_and(|it| it.has_iam);
        self.access.user_group = user_group;
        self.changes.push(GroupChange::UserGroup(from, to));
        self.raise_generation();
    }
}
