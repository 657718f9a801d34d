//! What tests of parameter groups ask, and see.

use std::collections::BTreeMap;

use crate::harness::{Harness, Reply, with};

impl Harness {
    /// Asks for a parameter group.
    pub async fn create_parameters(&self, name: &str, family: &str) -> Reply {
        let members = [
            ("CacheParameterGroupName", name),
            ("CacheParameterGroupFamily", family),
            ("Description", "for a test"),
        ];
        self.call("CreateCacheParameterGroup", &members).await
    }

    /// Sets parameters of a group.
    pub async fn set_parameters(&self, name: &str, values: &[(&str, &str)]) -> Reply {
        self.call_with_parameters("ModifyCacheParameterGroup", name, values)
            .await
    }

    /// Calls an action with the name of a parameter group and a list of parameters with values.
    pub async fn call_with_parameters(
        &self,
        action: &str,
        name: &str,
        values: &[(&str, &str)],
    ) -> Reply {
        let member = |index: usize, what: &str| {
            format!("ParameterNameValues.ParameterNameValue.{index}.Parameter{what}")
        };
        let mut owned = vec![("CacheParameterGroupName".to_owned(), name.to_owned())];
        for (index, (parameter, value)) in (1..).zip(values) {
            owned.push((member(index, "Name"), (*parameter).to_owned()));
            owned.push((member(index, "Value"), (*value).to_owned()));
        }
        let members: Vec<(&str, &str)> = owned
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.call(action, &members).await
    }

    /// What a node's engine says of a directive.
    pub fn config(&self, id: &str, node: &str, directive: &str) -> Option<String> {
        let name = self.container_name(id, node);
        self.host.config_get(&name, directive)
    }

    /// Calls an action on a parameter group.
    pub async fn on_parameters(&self, action: &str, name: &str, more: &[(&str, &str)]) -> Reply {
        let all = with(&[("CacheParameterGroupName", name)], more);
        self.call(action, &all).await
    }

    /// The values of a group by their names, of one source or of all.
    pub async fn parameters(&self, name: &str, source: &str) -> BTreeMap<String, String> {
        let members = [("Source", source)];
        let reply = self
            .on_parameters("DescribeCacheParameters", name, &members)
            .await
            .ok();
        let document = roxmltree::Document::parse(&reply.body).expect("be XML");
        let text = |parameter: roxmltree::Node<'_, '_>, element: &str| {
            let found = parameter
                .children()
                .find(|child| child.tag_name().name() == element);
            found
                .and_then(|found| found.text())
                .unwrap_or_default()
                .to_owned()
        };
        document
            .descendants()
            .filter(|node| node.tag_name().name() == "Parameter")
            .map(|node| (text(node, "ParameterName"), text(node, "ParameterValue")))
            .collect()
    }

    /// How far a cache cluster has what its group says, and the nodes to be rebooted.
    pub async fn apply_status(&self, id: &str) -> (String, Vec<String>) {
        let told = self.describe(id).await.ok();
        let status = told.text("ParameterApplyStatus");
        let document = roxmltree::Document::parse(&told.body).expect("be XML");
        let list = document
            .descendants()
            .find(|node| node.tag_name().name() == "CacheNodeIdsToReboot");
        let ids = list.into_iter().flat_map(|list| list.descendants());
        let texts = ids.filter(|node| node.tag_name().name() == "CacheNodeId");
        let ids = texts.filter_map(|node| node.text().map(str::to_owned));
        (status, ids.collect())
    }

    /// Reboots nodes of a cache cluster.
    pub async fn reboot(&self, id: &str, nodes: &[&str]) -> Reply {
        let names: Vec<String> = (1..=nodes.len())
            .map(|index| format!("CacheNodeIdsToReboot.CacheNodeId.{index}"))
            .collect();
        let mut members = vec![("CacheClusterId", id)];
        members.extend(names.iter().map(String::as_str).zip(nodes.iter().copied()));
        self.call("RebootCacheCluster", &members).await
    }
}
