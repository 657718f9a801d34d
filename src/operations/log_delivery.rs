//! LogDeliveryConfigurations, for every operation that takes or tells them.

use std::collections::HashMap;

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    CloudWatchLogsDestinationDetails, DestinationDetails, LogDeliveryConfiguration,
    LogDeliveryConfigurationRequest, PendingLogDeliveryConfiguration,
};

use super::faults::{fault_of, invalid_combination, invalid_value, missing, not_supported};
use super::spec::given;
use crate::resources::engine::EngineVersion;
use crate::resources::log_delivery::{LogDelivery, LogFormat, LogSettings, LogType, LogWish};

/// What is wished of logs, for nodes of this version.
///
/// # Errors
/// `InvalidParameterCombination` where the engine or its version does not deliver that log, or a log is named twice;
/// `InvalidParameterValue` for a value that is not AWS's; and by name for destinations that are not here.
pub(super) fn wishes(
    requests: Option<&Vec<LogDeliveryConfigurationRequest>>,
    version: &EngineVersion,
) -> Result<Vec<LogWish>, Fault> {
    let requests = requests.map(Vec::as_slice).unwrap_or_default();
    let mut found = HashMap::new();
    let mut wishes = Vec::new();
    for request in requests {
        let word = given(request.log_type.as_deref());
        let word = word.ok_or_else(|| missing("LogType"))?;
        let log_type = LogType::from_word(word).ok_or_else(|| {
            invalid_value(format!(
                "Invalid log type: {word}. It is slow-log or engine-log."
            ))
        })?;
        log_type.demand(version).map_err(fault_of)?;
        if found.insert(word, ()).is_some() {
            return Err(invalid_combination(format!(
                "LogDeliveryConfigurations names the log type {word} twice."
            )));
        }
        let settings = match request.enabled {
            Some(false) => None,
            Some(true) | None => Some(settings(request)?),
        };
        wishes.push((log_type, settings));
    }
    Ok(wishes)
}

/// What a change wishes of logs.
///
/// # Errors
/// As [`wishes`]; `InvalidParameterCombination` unless it is to be applied immediately.
pub(super) fn changes(
    requests: Option<&Vec<LogDeliveryConfigurationRequest>>,
    version: &EngineVersion,
    apply_immediately: Option<bool>,
) -> Result<Vec<LogWish>, Fault> {
    let wishes = wishes(requests, version)?;
    if !wishes.is_empty() && apply_immediately != Some(true) {
        return Err(invalid_combination(
            "ApplyImmediately must be true when LogDeliveryConfigurations are modified.",
        ));
    }
    Ok(wishes)
}

fn settings(request: &LogDeliveryConfigurationRequest) -> Result<LogSettings, Fault> {
    let kind = given(request.destination_type.as_deref());
    match kind.ok_or_else(|| missing("DestinationType"))? {
        "cloudwatch-logs" => {}
        known @ "kinesis-firehose" => {
            return Err(not_supported(&format!("DestinationType {known}")));
        }
        other => {
            return Err(invalid_value(format!(
                "Invalid destination type: {other}. It is cloudwatch-logs or kinesis-firehose."
            )));
        }
    }
    let details = request.destination_details.as_ref();
    if details.is_some_and(|details| details.kinesis_firehose_details.is_some()) {
        return Err(invalid_combination(
            "KinesisFirehoseDetails cannot be specified for the destination type cloudwatch-logs.",
        ));
    }
    let group = details
        .and_then(|details| details.cloud_watch_logs_details.as_ref())
        .and_then(|details| given(details.log_group.as_deref()));
    let group = group.ok_or_else(|| missing("LogGroup"))?;
    let word = given(request.log_format.as_deref()).ok_or_else(|| missing("LogFormat"))?;
    let format = LogFormat::from_word(word)
        .ok_or_else(|| invalid_value(format!("Invalid log format: {word}. It is text or json.")))?;
    LogSettings::new(group, format).map_err(fault_of)
}

/// How deliveries are told.
pub(super) fn view(deliveries: &[LogDelivery]) -> Vec<LogDeliveryConfiguration> {
    let told = deliveries.iter().filter_map(|delivery| {
        let settings = delivery.told()?;
        Some(LogDeliveryConfiguration {
            log_type: Some(delivery.log_type.word().to_owned()),
            destination_type: Some("cloudwatch-logs".to_owned()),
            destination_details: Some(details(settings)),
            log_format: Some(settings.format.word().to_owned()),
            status: Some(delivery.status().word().to_owned()),
            message: delivery.problem.clone(),
        })
    });
    told.collect()
}

/// What of them waits to be taken up; none where nothing does.
pub(super) fn pending(deliveries: &[LogDelivery]) -> Option<Vec<PendingLogDeliveryConfiguration>> {
    let waiting: Vec<_> = deliveries
        .iter()
        .filter_map(|delivery| {
            let settings = delivery.pending()?;
            Some(PendingLogDeliveryConfiguration {
                log_type: Some(delivery.log_type.word().to_owned()),
                destination_type: Some("cloudwatch-logs".to_owned()),
                destination_details: Some(details(settings)),
                log_format: Some(settings.format.word().to_owned()),
            })
        })
        .collect();
    (!waiting.is_empty()).then_some(waiting)
}

fn details(settings: &LogSettings) -> DestinationDetails {
    DestinationDetails {
        cloud_watch_logs_details: Some(CloudWatchLogsDestinationDetails {
            log_group: Some(settings.log_group.clone()),
        }),
        kinesis_firehose_details: None,
    }
}
