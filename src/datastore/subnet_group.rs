//! Cache subnet groups. That nothing uses a group that goes, and that a group is there for what is made in it, is decided in the
//! transaction of the write.

use std::collections::BTreeSet;

use sqlx::{Sqlite, Transaction};

use super::cache_cluster::{json, parsed};
use super::page::Page;
use super::tag::tags_put;
use super::{Datastore, Error};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::scope::Scope;
use crate::resources::subnet_group::{
    DEFAULT_SUBNET_GROUP, SUBNET_GROUPS_MAX, Subnet, SubnetGroup,
};
use crate::resources::tag::Tag;

/// What keeps a subnet group as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubnetGroupHeld {
    /// Caches are made in it.
    InUse,
    /// Nodes lie in a zone that it would have no subnet in any more.
    NodesInZone,
}

struct Row {
    account: String,
    region: String,
    subnet_group_name: String,
    description: String,
    vpc_id: String,
    subnets: String,
    revision: i64,
}

impl TryFrom<Row> for SubnetGroup {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let subnets = parsed::<Vec<(String, String)>>(&row.subnets)?;
        let subnet = |(subnet_id, zone)| Subnet { subnet_id, zone };
        Ok(Self {
            scope: Scope {
                account: row.account,
                region: row.region,
            },
            name: row.subnet_group_name,
            description: row.description,
            vpc_id: row.vpc_id,
            subnets: subnets.into_iter().map(subnet).collect(),
            revision: row.revision,
        })
    }
}

fn subnets_json(group: &SubnetGroup) -> Result<String, Error> {
    let pairs = group.subnets.iter().map(|it| (&it.subnet_id, &it.zone));
    json(&pairs.collect::<Vec<_>>())
}

impl Datastore {
    /// Stores a new subnet group with its tags, unless its name is taken.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::Exhausted`] past the quota of this scope; [`Error::Database`].
    pub async fn subnet_group_insert(
        &self,
        group: &SubnetGroup,
        tags: &[Tag],
    ) -> Result<SubnetGroup, Error> {
        let subnets = subnets_json(group)?;
        let mut write = self.write("subnet_group_insert").await?;
        sqlx::query!(
            "INSERT INTO cache_subnet_groups (account, region, subnet_group_name, description, vpc_id, subnets, revision)
             VALUES (?, ?, ?, ?, ?, ?, 1)",
            group.scope.account,
            group.scope.region,
            group.name,
            group.description,
            group.vpc_id,
            subnets
        )
        .execute(&mut *write)
        .await?;
        let count = sqlx::query_scalar!(
            "SELECT count(*) AS \"count!: i64\" FROM cache_subnet_groups WHERE account = ? AND region = ?",
            group.scope.account,
            group.scope.region
        )
        .fetch_one(&mut *write)
        .await?;
        if count > i64::from(SUBNET_GROUPS_MAX) {
            return Err(Error::Exhausted("cache subnet group".to_owned()));
        }
        tags_put(&mut write, &group_arn(group), tags).await?;
        write.commit().await?;
        Ok(SubnetGroup {
            revision: 1,
            ..group.clone()
        })
    }

    /// The subnet group with this name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn subnet_group_get(&self, scope: &Scope, name: &str) -> Result<SubnetGroup, Error> {
        sqlx::query_as!(
            Row,
            "SELECT account, region, subnet_group_name, description, vpc_id, subnets, revision FROM cache_subnet_groups
             WHERE account = ? AND region = ? AND subnet_group_name = ?",
            scope.account,
            scope.region,
            name
        )
        .fetch_one(&self.reader)
        .await?
        .try_into()
    }

    /// A page of the subnet groups of `scope` that follow `after`, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn subnet_group_page(
        &self,
        scope: &Scope,
        after: &str,
        limit: usize,
    ) -> Result<Page<SubnetGroup>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let rows = sqlx::query_as!(
            Row,
            "SELECT account, region, subnet_group_name, description, vpc_id, subnets, revision FROM cache_subnet_groups
             WHERE account = ?1 AND region = ?2 AND subnet_group_name > ?3 ORDER BY subnet_group_name LIMIT +?4",
            scope.account,
            scope.region,
            after,
            read_limit
        )
        .fetch_all(&self.reader)
        .await?;
        let groups = rows.into_iter().map(SubnetGroup::try_from);
        Ok(Page::cut(groups.collect::<Result<_, _>>()?, limit))
    }

    /// Stores what `group` now says, unless a node would be left without a subnet in its zone.
    ///
    /// # Errors
    /// What keeps it as it is, inside; [`Error::Stale`] unless it is still at the revision that it was read with;
    /// [`Error::Database`].
    pub async fn subnet_group_request(
        &self,
        group: &SubnetGroup,
    ) -> Result<Result<(), SubnetGroupHeld>, Error> {
        let subnets = subnets_json(group)?;
        let mut write = self.write("subnet_group_request").await?;
        let updated = sqlx::query!(
            "UPDATE cache_subnet_groups SET description = ?, vpc_id = ?, subnets = ?, revision = revision + 1
             WHERE account = ? AND region = ? AND subnet_group_name = ? AND revision = ?",
            group.description,
            group.vpc_id,
            subnets,
            group.scope.account,
            group.scope.region,
            group.name,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&updated)?;
        let zones: BTreeSet<&str> = group.subnets.iter().map(|it| it.zone.as_str()).collect();
        let taken = taken_zones(&mut write, group).await?;
        if taken.iter().any(|zone| !zones.contains(zone.as_str())) {
            return Ok(Err(SubnetGroupHeld::NodesInZone));
        }
        write.commit().await?;
        Ok(Ok(()))
    }

    /// Forgets a subnet group that nothing uses, with its tags.
    ///
    /// # Errors
    /// What keeps it, inside; [`Error::NotFound`]; [`Error::Database`].
    pub async fn subnet_group_forget(
        &self,
        scope: &Scope,
        name: &str,
    ) -> Result<Result<(), SubnetGroupHeld>, Error> {
        let mut write = self.write("subnet_group_forget").await?;
        let uses = sqlx::query_scalar!(
            "SELECT (SELECT count(*) FROM cache_clusters WHERE account = ?1 AND region = ?2 AND subnet_group_name = ?3)
                  + (SELECT count(*) FROM replication_groups WHERE account = ?1 AND region = ?2 AND subnet_group_name = ?3)
                    AS \"uses!: i64\"",
            scope.account,
            scope.region,
            name
        )
        .fetch_one(&mut *write)
        .await?;
        let gone = sqlx::query!(
            "DELETE FROM cache_subnet_groups WHERE account = ? AND region = ? AND subnet_group_name = ?",
            scope.account,
            scope.region,
            name
        )
        .execute(&mut *write)
        .await?;
        if gone.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
        if uses > 0 {
            return Ok(Err(SubnetGroupHeld::InUse));
        }
        let arn = arn(scope, ResourceType::SubnetGroup, name);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", arn)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Ok(()))
    }
}

/// The zones of the nodes that lie in a subnet group, and of those that wait to be added.
async fn taken_zones(
    write: &mut Transaction<'_, Sqlite>,
    group: &SubnetGroup,
) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar!(
        "SELECT zone AS \"zone!: String\" FROM cache_nodes JOIN cache_clusters USING (cache_cluster_key)
         WHERE account = ?1 AND region = ?2 AND subnet_group_name = ?3
         UNION
         SELECT waiting.value FROM cache_clusters, json_each(pending_node_zones) AS waiting
         WHERE account = ?1 AND region = ?2 AND subnet_group_name = ?3",
        group.scope.account,
        group.scope.region,
        group.name
    )
    .fetch_all(&mut **write)
    .await?)
}

/// Within the write of what is made in the subnet group called `name`: it is still there.
pub(super) async fn subnet_group_demand(
    write: &mut Transaction<'_, Sqlite>,
    scope: &Scope,
    name: &str,
) -> Result<(), Error> {
    if name == DEFAULT_SUBNET_GROUP {
        return Ok(());
    }
    let found = sqlx::query_scalar!(
        "SELECT 1 AS \"found!: i64\" FROM cache_subnet_groups WHERE account = ? AND region = ? AND subnet_group_name = ?",
        scope.account,
        scope.region,
        name
    )
    .fetch_optional(&mut **write)
    .await?;
    match found {
        Some(_) => Ok(()),
        None => Err(Error::NoSubnetGroup(name.to_owned())),
    }
}

fn group_arn(group: &SubnetGroup) -> String {
    arn(&group.scope, ResourceType::SubnetGroup, &group.name)
}
