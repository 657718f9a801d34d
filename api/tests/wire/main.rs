//! The wire contract as its users see it: requests in, replies out. The comparison with botocore is in
//! `tests/sdk/wire`.

mod corpus;
mod query;
mod xml;
