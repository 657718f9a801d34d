//! What the queries of a GetMetricData come to: metrics are read all at once, then expressions are evaluated over them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cacheplane_api::cloudwatch::Refusal;

use super::failed;
use super::queries::{Query, in_expression};
use super::search::Search;
use super::series::{self, Request};
use super::statistic::Statistic;
use crate::operations::Context;
use crate::resources::metric::math::{self, Environment, Expression, Series, Value};
use crate::resources::timestamp::Timestamp;

/// Expressions that may name each other in a row.
const DEPTH_MAX: usize = 32;

/// What a query is made of.
pub(super) enum Source {
    /// A metric.
    Metric {
        name: String,
        statistic: Statistic,
        period_seconds: u32,
        /// None for one that is not there.
        request: Option<Request>,
    },
    /// An expression.
    Expression {
        text: String,
        expression: Expression,
        /// The period of what it searches for, unless that says its own.
        period_seconds: Option<u32>,
    },
}

/// All that was read.
pub(super) struct Answered<'a> {
    queries: &'a [Query],
    metrics: BTreeMap<&'a str, Series>,
    searches: Vec<(&'a [Expression], Vec<Series>)>,
    /// Ids under evaluation, so that none comes to need itself.
    open: RefCell<Vec<String>>,
}

impl<'a> Answered<'a> {
    /// Reads every metric that a query names or searches for.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a search that is none; our own.
    pub(super) async fn read(
        cx: &Context,
        queries: &'a [Query],
        range: (Timestamp, Timestamp),
    ) -> Result<Self, Refusal> {
        let mut requests: Vec<(Request, Statistic, String)> = Vec::new();
        let mut places: Vec<Place<'a>> = Vec::new();
        let mut searches: Vec<(&'a [Expression], Vec<Series>)> = Vec::new();
        let mut metrics = BTreeMap::new();
        for query in queries {
            match &query.source {
                Source::Metric {
                    name,
                    statistic,
                    period_seconds,
                    request,
                } => {
                    let empty = Series {
                        label: name.clone(),
                        period_seconds: *period_seconds,
                        points: BTreeMap::new(),
                    };
                    metrics.insert(query.id.as_str(), empty);
                    if let Some(request) = request {
                        requests.push((request.clone(), *statistic, name.clone()));
                        places.push(Place::Metric(&query.id));
                    }
                }
                Source::Expression {
                    text,
                    expression,
                    period_seconds,
                } => {
                    for arguments in expression.searches() {
                        let search = Search::read(arguments, *period_seconds)
                            .map_err(|problem| in_expression(text, &problem))?;
                        let subjects = cx
                            .datastore
                            .metric_subjects(&cx.scope, None)
                            .await
                            .map_err(failed)?;
                        for (request, label) in search.requests(&subjects, range, cx.clock.now()) {
                            requests.push((request, search.statistic, label));
                            places.push(Place::Search(searches.len()));
                        }
                        searches.push((arguments, Vec::new()));
                    }
                }
            }
        }
        let asked: Vec<&Request> = requests.iter().map(|(request, _, _)| request).collect();
        let read = series::read(cx, &asked).await?;
        for ((periods, (request, statistic, label)), place) in
            read.iter().zip(&requests).zip(places)
        {
            let points = periods
                .iter()
                .filter_map(|(at, points)| Some((at.as_millis(), statistic.of(points)?)));
            let series = Series {
                label: label.clone(),
                period_seconds: request.period_seconds,
                points: points.collect(),
            };
            match place {
                Place::Metric(id) => drop(metrics.insert(id, series)),
                Place::Search(index) => searches[index].1.push(series),
            }
        }
        Ok(Self {
            queries,
            metrics,
            searches,
            open: RefCell::default(),
        })
    }

    /// What a query that is returned comes to.
    ///
    /// # Errors
    /// `InvalidParameterValue` for an expression that cannot be evaluated, or comes to no time series.
    pub(super) fn series(&self, query: &Query) -> Result<Vec<Series>, Refusal> {
        let text = match &query.source {
            Source::Metric { .. } => "",
            Source::Expression { text, .. } => text.as_str(),
        };
        match self
            .named(&query.id)
            .map_err(|problem| in_expression(text, &problem))?
        {
            Value::Series(series) => Ok(vec![series]),
            Value::Many(many) => Ok(many),
            Value::Scalar(_) | Value::Text(_) | Value::Word(_) => Err(in_expression(
                text,
                "an expression that is returned must come to time series",
            )),
        }
    }
}

enum Place<'a> {
    Metric(&'a str),
    Search(usize),
}

impl Environment for Answered<'_> {
    fn named(&self, id: &str) -> Result<Value, String> {
        if let Some(series) = self.metrics.get(id) {
            return Ok(Value::Series(series.clone()));
        }
        let query = self.queries.iter().find(|query| query.id == id);
        let Some(Source::Expression { expression, .. }) = query.map(|query| &query.source) else {
            return Err(format!("{id} is no id of the request"));
        };
        {
            let mut open = self.open.borrow_mut();
            if open.iter().any(|one| one == id) || open.len() >= DEPTH_MAX {
                return Err(format!("{id} comes to need itself"));
            }
            open.push(id.to_owned());
        }
        let value = math::evaluate(expression, self);
        self.open.borrow_mut().pop();
        // What has no name of its own is called by its id.
        Ok(match value? {
            Value::Series(mut series) => {
                id.clone_into(&mut series.label);
                Value::Series(series)
            }
            other => other,
        })
    }

    fn metrics(&self) -> Vec<(String, Series)> {
        let metrics = self.metrics.iter();
        metrics
            .map(|(id, series)| ((*id).to_owned(), series.clone()))
            .collect()
    }

    fn found(&self, arguments: &[Expression]) -> Vec<Series> {
        let mut searches = self.searches.iter();
        searches
            .find(|(searched, _)| *searched == arguments)
            .map(|(_, found)| found.clone())
            .unwrap_or_default()
    }
}
