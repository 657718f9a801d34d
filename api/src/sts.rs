//! The one operation of the Security Token Service (2011-06-15) that clients of other services call before anything else:
//! who am I?

use crate::query::Form;
use crate::{Fault, Output, Service, xml};

/// The version of the API.
pub const API_VERSION: &str = "2011-06-15";

/// The namespace of its replies.
pub const XML_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Its name on the wire.
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The caller's ARN; clients read account and partition out of it.
    pub arn: String,
    /// The caller's unique id; the account's root user has the account's.
    pub user_id: String,
    /// Twelve digits.
    pub account: String,
}

impl Output for CallerIdentity {
    fn encode(&self, w: &mut xml::Writer) {
        w.element("Arn", &self.arn);
        w.element("UserId", &self.user_id);
        w.element("Account", &self.account);
    }
}

impl CallerIdentity {
    /// The body of the reply.
    pub fn response(&self, request_id: &str) -> String {
        let wrapper = Some("GetCallerIdentityResult");
        xml::response_of(Service::Sts, GET_CALLER_IDENTITY, wrapper, self, request_id)
    }
}

/// Whether the request asks for what there is.
///
/// # Errors
/// `MissingAction` without an `Action`, `InvalidAction` for any that is not `GetCallerIdentity` of this version.
pub fn check(form: &Form) -> Result<(), Fault> {
    let (action, version) = form.action_and_version()?;
    if action == GET_CALLER_IDENTITY && version == API_VERSION {
        return Ok(());
    }
    Err(form.unknown_action())
}
