//! The services that share one port, and which of them a request is for.

use crate::query::{self, Form};
use crate::{cloudwatch, sts};

/// A service with a Query API of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Caches.
    ElastiCache,
    /// Metrics.
    CloudWatch,
    /// Who is calling.
    Sts,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::ElastiCache, Self::CloudWatch, Self::Sts];

    /// The name that a credential's scope says.
    pub fn signing_name(self) -> &'static str {
        match self {
            Self::ElastiCache => "elasticache",
            Self::CloudWatch => cloudwatch::SIGNING_NAME,
            Self::Sts => "sts",
        }
    }

    /// The namespace of its replies.
    pub fn xml_namespace(self) -> &'static str {
        match self {
            Self::ElastiCache => crate::XML_NAMESPACE,
            Self::CloudWatch => cloudwatch::XML_NAMESPACE,
            Self::Sts => sts::XML_NAMESPACE,
        }
    }

    /// The service that a request is for: the one that it is signed for, when there is such a one; else the one whose version it names; else
    /// `ElastiCache`.
    pub fn of(form: &Form, signed_for: Option<&str>) -> Self {
        let signed =
            signed_for.and_then(|name| Self::ALL.into_iter().find(|it| it.signing_name() == name));
        signed
            .or_else(|| Self::of_version(form))
            .unwrap_or(Self::ElastiCache)
    }

    /// The service whose version a request names.
    pub fn of_version(form: &Form) -> Option<Self> {
        match form.version()? {
            sts::API_VERSION => Some(Self::Sts),
            cloudwatch::API_VERSION => Some(Self::CloudWatch),
            version if query::is_known(version) => Some(Self::ElastiCache),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_for_whom_it_is_signed_for_and_else_for_whose_version_it_names() {
        let check = |query: &str, signed_for, expected| {
            let form = Form::parse(query.as_bytes()).expect("a form");
            assert_eq!(
                Service::of(&form, signed_for),
                expected,
                "{query} {signed_for:?}"
            );
        };
        check("Version=2011-06-15", None, Service::Sts);
        check("Version=2010-08-01", None, Service::CloudWatch);
        check("", Some("monitoring"), Service::CloudWatch);
        check("Version=2015-02-02", None, Service::ElastiCache);
        check("", None, Service::ElastiCache);
        check("", Some("sts"), Service::Sts);
        check("Version=2011-06-15", Some("s3"), Service::Sts);
        check("Version=2015-02-02", Some("sts"), Service::Sts);
        check(
            "Version=2011-06-15",
            Some("elasticache"),
            Service::ElastiCache,
        );
    }
}
