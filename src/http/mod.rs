//! HTTP: the Query API on `/`, what the dashboard and people use on `/admin/v1`, and a look inside on `/debug/v1`.

pub mod admin;
mod auth;
mod cloudwatch;
pub mod debug;
mod dispatch;
mod exposition;
pub mod listener;
pub mod openapi;
mod refusals;
pub mod router;
mod sts;

pub use router::{App, Sight, router};
