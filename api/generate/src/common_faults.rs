//! Faults that any operation may answer and that the service model does not list.

/// A fault outside the model. Its variant in `FaultCode` is named as its wire code.
pub(crate) struct CommonFault {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
}

const fn fault(code: &'static str, status: u16) -> CommonFault {
    CommonFault { code, status }
}

/// The "Common Errors" page of the ElastiCache API reference, then codes that Query services answer in practice
/// (`MalformedInput`, `InvalidAction`, signature faults), then two of ours: `NotImplemented` for an operation that is
/// not written yet (400, because SDKs retry 5xx for minutes) and `RequestEntityTooLarge` for a body over the bound.
pub(crate) const COMMON_FAULTS: &[CommonFault] = &[
    fault("AccessDeniedException", 403),
    fault("ExpiredTokenException", 403),
    fault("IncompleteSignature", 400),
    fault("InternalFailure", 500),
    fault("InvalidQueryParameter", 400),
    fault("MalformedQueryString", 404),
    fault("MissingAction", 400),
    fault("MissingAuthenticationToken", 403),
    fault("MissingParameter", 400),
    fault("NotAuthorized", 401),
    fault("OptInRequired", 403),
    fault("RequestExpired", 400),
    fault("ServiceUnavailable", 503),
    fault("ThrottlingException", 400),
    fault("UnrecognizedClientException", 403),
    fault("ValidationError", 400),
    fault("AccessDenied", 403),
    fault("InvalidAction", 400),
    fault("InvalidClientTokenId", 403),
    fault("MalformedInput", 400),
    fault("SignatureDoesNotMatch", 403),
    fault("Throttling", 400),
    fault("NotImplemented", 400),
    fault("RequestEntityTooLarge", 413),
];
