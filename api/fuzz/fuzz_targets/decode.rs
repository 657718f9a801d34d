//! Any bytes as a request: parsed, then decoded as the input of every operation.
//!
//! `cargo install cargo-fuzz`, then, in `api`: `RUSTC_BOOTSTRAP=1 cargo fuzz run decode` (stable Rust needs the variable
//! for the sanitizer's flags).

#![no_main]

use cacheplane_api::query::Form;
use cacheplane_api::sigv4::Scope;
use cacheplane_api::{Input, for_each_operation, shapes};
use libfuzzer_sys::fuzz_target;

macro_rules! decode_each {
    ($($operation:ident => $input:ident,)*) => {
        fn decode_as_everything(form: &Form) {
            $(
                if let Err(fault) = shapes::$input::decode(form) {
                    assert!(fault.code().is_sender(), "{fault}");
                }
            )*
        }
    };
}

for_each_operation!(decode_each);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Scope::from_authorization(text);
        let _ = Scope::from_credential(text);
    }
    let Ok(form) = Form::parse(bytes) else { return };
    let _ = form.operation();
    decode_as_everything(&form);
});
