//! Events, as they are told.

use std::time::Duration;

use aws_smithy_types::DateTime;
use cacheplane_api::Fault;
use cacheplane_api::shapes::{DescribeEventsMessage, Event as EventShape, EventsMessage};

use super::Context;
use super::faults::{Failure, invalid_combination, invalid_value};
use super::paging::{List, marker, page_size, position};
use crate::datastore::EventFilter;
use crate::resources::event::{Event, SourceType};
use crate::resources::timestamp::Timestamp;

/// How far back events are told when nothing else is asked for (DescribeEvents, API reference).
const DEFAULT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// DescribeEvents, newest first.
///
/// # Errors
/// `InvalidParameterValue`, `InvalidParameterCombination` for filters that AWS refuses.
pub async fn describe_events(
    cx: &Context,
    input: DescribeEventsMessage,
) -> Result<EventsMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let filter = filter(cx, &input)?;
    let page = cx
        .datastore
        .event_page(&cx.scope, &filter, limit)
        .await
        .map_err(|error| Fault::from(Failure::from(error)))?;
    let last = page.items.last().map(|(key, _)| *key);
    Ok(EventsMessage {
        marker: last
            .filter(|_| page.has_more)
            .map(|key| marker(List::Events, key)),
        events: Some(
            page.items
                .into_iter()
                .map(|(_, event)| view(event))
                .collect(),
        ),
    })
}

fn filter(cx: &Context, input: &DescribeEventsMessage) -> Result<EventFilter, Fault> {
    let source_type = input
        .source_type
        .as_deref()
        .filter(|word| !word.is_empty())
        .map(|word| {
            SourceType::from_word(word)
                .ok_or_else(|| invalid_value(format!("Invalid source type: {word}")))
        })
        .transpose()?;
    let source_identifier = input
        .source_identifier
        .as_ref()
        .filter(|id| !id.is_empty())
        .map(|id| id.to_ascii_lowercase());
    if source_identifier.is_some() && source_type.is_none() {
        return Err(invalid_combination(
            "SourceType must be provided when SourceIdentifier is.",
        ));
    }
    let now = cx.clock.now();
    let window = match input.duration {
        None => DEFAULT_WINDOW,
        Some(minutes) => match u64::try_from(minutes) {
            Ok(minutes) if minutes > 0 => Duration::from_secs(minutes * 60),
            _ => {
                return Err(invalid_value(format!(
                    "Invalid duration: {minutes}. It is a number of minutes."
                )));
            }
        },
    };
    let start = input.start_time.as_ref().map(timestamp);
    let end = input.end_time.as_ref().map(timestamp);
    let (from, to) = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) if input.duration.is_some() => (start, start.plus(window)),
        (Some(start), None) => (start, now),
        (None, Some(end)) => (end.minus(window), end),
        (None, None) => (now.minus(window), now),
    };
    if from > to {
        return Err(invalid_combination("StartTime must not be after EndTime."));
    }
    let before_key = position(List::Events, input.marker.as_deref())?;
    Ok(EventFilter {
        source_type,
        source_identifier,
        from,
        to,
        before_key,
    })
}

fn view(event: Event) -> EventShape {
    EventShape {
        source_identifier: Some(event.source_identifier),
        source_type: Some(event.source_type.word().to_owned()),
        message: Some(event.message),
        date: Some(DateTime::from_millis(event.occurred_at.as_millis())),
    }
}

fn timestamp(time: &DateTime) -> Timestamp {
    Timestamp::from_millis(time.to_millis().unwrap_or(i64::MAX))
}
