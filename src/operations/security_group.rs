//! Cache security groups. They went with EC2-Classic: an account has none and can make none; caches are guarded by the security
//! groups of their VPC.

use cacheplane_api::shapes::{
    AuthorizeCacheSecurityGroupIngressMessage, AuthorizeCacheSecurityGroupIngressResult,
    CacheSecurityGroupMessage, CreateCacheSecurityGroupMessage, CreateCacheSecurityGroupResult,
    DeleteCacheSecurityGroupMessage, DescribeCacheSecurityGroupsMessage,
    RevokeCacheSecurityGroupIngressMessage, RevokeCacheSecurityGroupIngressResult,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::cache_security_groups_refused;
use super::paging::{List, page_size, position};
use super::spec::given;

/// CreateCacheSecurityGroup.
///
/// # Errors
/// `InvalidParameterValue`, always.
pub async fn create_cache_security_group(
    _: &Context,
    _: CreateCacheSecurityGroupMessage,
) -> Result<CreateCacheSecurityGroupResult, Fault> {
    Err(cache_security_groups_refused())
}

/// DescribeCacheSecurityGroups: there are none.
///
/// # Errors
/// `CacheSecurityGroupNotFound` for any name; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_cache_security_groups(
    _: &Context,
    input: DescribeCacheSecurityGroupsMessage,
) -> Result<CacheSecurityGroupMessage, Fault> {
    page_size(input.max_records)?;
    position::<String>(List::CacheSecurityGroups, input.marker.as_deref())?;
    match given(input.cache_security_group_name.as_deref()) {
        Some(name) => Err(Fault::new(
            FaultCode::CacheSecurityGroupNotFound,
            format!("CacheSecurityGroup not found: {name}"),
        )),
        None => Ok(CacheSecurityGroupMessage {
            marker: None,
            cache_security_groups: Some(Vec::new()),
        }),
    }
}

/// DeleteCacheSecurityGroup.
///
/// # Errors
/// `InvalidParameterValue`, always.
pub async fn delete_cache_security_group(
    _: &Context,
    _: DeleteCacheSecurityGroupMessage,
) -> Result<(), Fault> {
    Err(cache_security_groups_refused())
}

/// AuthorizeCacheSecurityGroupIngress.
///
/// # Errors
/// `InvalidParameterValue`, always.
pub async fn authorize_cache_security_group_ingress(
    _: &Context,
    _: AuthorizeCacheSecurityGroupIngressMessage,
) -> Result<AuthorizeCacheSecurityGroupIngressResult, Fault> {
    Err(cache_security_groups_refused())
}

/// RevokeCacheSecurityGroupIngress.
///
/// # Errors
/// `InvalidParameterValue`, always.
pub async fn revoke_cache_security_group_ingress(
    _: &Context,
    _: RevokeCacheSecurityGroupIngressMessage,
) -> Result<RevokeCacheSecurityGroupIngressResult, Fault> {
    Err(cache_security_groups_refused())
}
