//! The Security Token Service, as far as clients of other services need it to start: Terraform's provider, `aws sts`.

use cacheplane_api::query::Form;
use cacheplane_api::{Fault, sts};

use crate::resources::scope::Scope;

/// Answers `GetCallerIdentity`: whoever calls is the root user of its account.
///
/// # Errors
/// `MissingAction` or `InvalidAction` for anything else.
pub(super) fn answer(caller: &Scope, form: &Form, request_id: &str) -> Result<String, Fault> {
    sts::check(form)?;
    let identity = sts::CallerIdentity {
        arn: format!("arn:{}:iam::{}:root", caller.partition(), caller.account),
        user_id: caller.account.clone(),
        account: caller.account.clone(),
    };
    Ok(identity.response(request_id))
}
