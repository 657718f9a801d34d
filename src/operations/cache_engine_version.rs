//! Engine versions: a table.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    CacheEngineVersion, CacheEngineVersionMessage, DescribeCacheEngineVersionsMessage,
};

use super::Context;
use super::paging::{List, marker, page_size, position};
use crate::resources::engine::{self, EngineVersion, VersionFilter};

/// DescribeCacheEngineVersions. What matches nothing is an empty list.
///
/// # Errors
/// `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_cache_engine_versions(
    _: &Context,
    input: DescribeCacheEngineVersionsMessage,
) -> Result<CacheEngineVersionMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let start: usize =
        position(List::CacheEngineVersions, input.marker.as_deref())?.unwrap_or_default();
    let filter = VersionFilter {
        engine: input.engine.as_deref(),
        version: input.engine_version.as_deref(),
        family: input.cache_parameter_group_family.as_deref(),
        default_only: input.default_only.unwrap_or(false),
    };
    let mut rest = engine::versions(filter).skip(start);
    let page: Vec<CacheEngineVersion> = rest.by_ref().take(limit).map(view).collect();
    Ok(CacheEngineVersionMessage {
        marker: rest
            .next()
            .map(|_| marker(List::CacheEngineVersions, start + limit)),
        cache_engine_versions: Some(page),
    })
}

fn view(version: &EngineVersion) -> CacheEngineVersion {
    CacheEngineVersion {
        engine: Some(version.engine.name().to_owned()),
        engine_version: Some(version.version.to_owned()),
        cache_parameter_group_family: Some(version.family.to_owned()),
        cache_engine_description: Some(version.engine_description.to_owned()),
        cache_engine_version_description: Some(version.version_description.to_owned()),
    }
}
