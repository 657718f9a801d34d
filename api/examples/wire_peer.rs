//! The wire contract as a program, for tests that compare it with botocore (`tests/sdk/wire`).
//!
//! Every line of input is a JSON object, and gets one line of output:
//! `{"do": "list"}` names operations and faults; `{"do": "decode", "body": ...}` decodes a form-encoded request into
//! its input as JSON; `{"do": "encode", "operation": ..., "output": ...}` encodes an output, given as JSON, into XML;
//! `{"do": "fault", "code": ..., "message": ...}` encodes a fault. A refusal is `{"fault": {...}}`.

use std::io::{BufRead as _, Write as _};

use cacheplane_api::query::Form;
use cacheplane_api::{
    Fault, FaultCode, Input, Operation, Service, for_each_operation, shapes, xml,
};
use serde::Deserialize;
use serde_json::{Value, json};

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Request {
    List,
    Decode { body: String },
    Encode { operation: String, output: Value },
    Fault { code: String, message: String },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let reply = match serde_json::from_str(&line?)? {
            Request::List => list(),
            Request::Decode { body } => match decode(body.as_bytes()) {
                Ok((operation, input)) => json!({ "operation": operation.name(), "input": input }),
                Err(fault) => json!({ "fault": fault_json(&fault) }),
            },
            Request::Encode { operation, output } => {
                let operation = Operation::from_name(&operation).ok_or("no such operation")?;
                json!({ "xml": encode(operation, output)? })
            }
            Request::Fault { code, message } => {
                let code = fault_codes()
                    .find(|known| known.wire_code() == code)
                    .ok_or("no such fault")?;
                fault_json(&Fault::new(code, message))
            }
        };
        serde_json::to_writer(&mut out, &reply)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn list() -> Value {
    let operations: Vec<_> = Operation::ALL.map(Operation::name).into();
    let modelled: Vec<_> = FaultCode::MODELLED.map(FaultCode::wire_code).into();
    let common: Vec<_> = FaultCode::COMMON.map(FaultCode::wire_code).into();
    json!({ "operations": operations, "modelled_faults": modelled, "common_faults": common })
}

fn fault_codes() -> impl Iterator<Item = FaultCode> {
    FaultCode::MODELLED.into_iter().chain(FaultCode::COMMON)
}

fn fault_json(fault: &Fault) -> Value {
    json!({
        "code": fault.code().wire_code(),
        "status": fault.code().status(),
        "message": fault.message(),
        "xml": xml::error_response(Service::ElastiCache, fault, REQUEST_ID),
    })
}

macro_rules! by_operation {
    ($($operation:ident => $input:ident,)*) => {
        fn decode(body: &[u8]) -> Result<(Operation, Value), Fault> {
            let form = Form::parse(body)?;
            let operation = form.operation()?;
            let input = match operation {
                $(Operation::$operation => json!(shapes::$input::decode(&form)?),)*
            };
            Ok((operation, input))
        }

        fn encode(operation: Operation, output: Value) -> serde_json::Result<String> {
            Ok(match operation {
                $(Operation::$operation => {
                    let output: <shapes::$input as Input>::Output = serde_json::from_value(output)?;
                    xml::response(operation, &output, REQUEST_ID)
                })*
            })
        }
    };
}

for_each_operation!(by_operation);
