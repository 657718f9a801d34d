//! Every metric there is, with its unit.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A unit, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// A number of something.
    Count,
    /// Bytes.
    Bytes,
    /// 0 to 100.
    Percent,
    /// Seconds.
    Seconds,
    /// Thousandths.
    Milliseconds,
    /// Millionths.
    Microseconds,
}

impl Unit {
    /// As CloudWatch writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Percent => "Percent",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
            Self::Microseconds => "Microseconds",
        }
    }
}

/// A metric. There is one static row of each, so `&'static` is its handle.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: Unit,
}

static NUMBERS: LazyLock<HashMap<&'static str, u8>> =
    LazyLock::new(|| METRICS.iter().map(|metric| metric.name).zip(0..).collect());

impl Metric {
    /// The metric of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        NUMBERS.get(name).copied().and_then(Self::numbered)
    }

    /// The metric with that number.
    pub fn numbered(number: u8) -> Option<&'static Self> {
        METRICS.get(usize::from(number))
    }

    /// Its number, under which values are stored.
    pub fn number(&self) -> u8 {
        NUMBERS.get(self.name).copied().unwrap_or(u8::MAX)
    }
}

const fn metric(name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit }
}

/// All metrics. A metric's place is its number, under which stored values know it: new ones are put at the end, and none is taken out.
pub const METRICS: &[Metric] = &[
    metric("CPUUtilization", Unit::Percent),
    metric("FreeableMemory", Unit::Bytes),
    metric("SwapUsage", Unit::Bytes),
    metric("NetworkBytesIn", Unit::Bytes),
    metric("NetworkBytesOut", Unit::Bytes),
    metric("NetworkPacketsIn", Unit::Count),
    metric("NetworkPacketsOut", Unit::Count),
    metric("NetworkBandwidthInAllowanceExceeded", Unit::Count),
    metric("NetworkBandwidthOutAllowanceExceeded", Unit::Count),
    metric("NetworkConntrackAllowanceExceeded", Unit::Count),
    metric("NetworkPacketsPerSecondAllowanceExceeded", Unit::Count),
    metric("ActiveDefragHits", Unit::Count),
    metric("AuthenticationFailures", Unit::Count),
    metric("BytesUsedForCache", Unit::Bytes),
    metric("CacheHits", Unit::Count),
    metric("CacheMisses", Unit::Count),
    metric("CacheHitRate", Unit::Percent),
    metric("ChannelAuthorizationFailures", Unit::Count),
    metric("CommandAuthorizationFailures", Unit::Count),
    metric("KeyAuthorizationFailures", Unit::Count),
    metric("CurrConnections", Unit::Count),
    metric("CurrItems", Unit::Count),
    metric("CurrVolatileItems", Unit::Count),
    metric("DatabaseCapacityUsagePercentage", Unit::Percent),
    metric(
        "DatabaseCapacityUsageCountedForEvictPercentage",
        Unit::Percent,
    ),
    metric("DatabaseMemoryUsagePercentage", Unit::Percent),
    metric(
        "DatabaseMemoryUsageCountedForEvictPercentage",
        Unit::Percent,
    ),
    metric("DB0AverageTTL", Unit::Milliseconds),
    metric("EngineCPUUtilization", Unit::Percent),
    metric("ErrorCount", Unit::Count),
    metric("Evictions", Unit::Count),
    metric("IsMaster", Unit::Count),
    metric("KeysTracked", Unit::Count),
    metric("MemoryFragmentationRatio", Unit::Count),
    metric("NewConnections", Unit::Count),
    metric("Reclaimed", Unit::Count),
    metric("ReplicationBytes", Unit::Bytes),
    metric("ReplicationLag", Unit::Seconds),
    metric("SaveInProgress", Unit::Count),
    metric("TrafficManagementActive", Unit::Count),
    metric("SuccessfulReadRequestLatency", Unit::Microseconds),
    metric("SuccessfulWriteRequestLatency", Unit::Microseconds),
    metric("ClusterBasedCmds", Unit::Count),
    metric("ClusterBasedCmdsLatency", Unit::Microseconds),
    metric("EvalBasedCmds", Unit::Count),
    metric("EvalBasedCmdsLatency", Unit::Microseconds),
    metric("GeoSpatialBasedCmds", Unit::Count),
    metric("GeoSpatialBasedCmdsLatency", Unit::Microseconds),
    metric("GetTypeCmds", Unit::Count),
    metric("GetTypeCmdsLatency", Unit::Microseconds),
    metric("SetTypeCmds", Unit::Count),
    metric("SetTypeCmdsLatency", Unit::Microseconds),
    metric("HashBasedCmds", Unit::Count),
    metric("HashBasedCmdsLatency", Unit::Microseconds),
    metric("HyperLogLogBasedCmds", Unit::Count),
    metric("HyperLogLogBasedCmdsLatency", Unit::Microseconds),
    metric("JsonBasedCmds", Unit::Count),
    metric("JsonBasedCmdsLatency", Unit::Microseconds),
    metric("JsonBasedGetCmds", Unit::Count),
    metric("JsonBasedGetCmdsLatency", Unit::Microseconds),
    metric("JsonBasedSetCmds", Unit::Count),
    metric("JsonBasedSetCmdsLatency", Unit::Microseconds),
    metric("KeyBasedCmds", Unit::Count),
    metric("KeyBasedCmdsLatency", Unit::Microseconds),
    metric("ListBasedCmds", Unit::Count),
    metric("ListBasedCmdsLatency", Unit::Microseconds),
    metric("NonKeyTypeCmds", Unit::Count),
    metric("NonKeyTypeCmdsLatency", Unit::Microseconds),
    metric("PubSubBasedCmds", Unit::Count),
    metric("PubSubBasedCmdsLatency", Unit::Microseconds),
    metric("SetBasedCmds", Unit::Count),
    metric("SetBasedCmdsLatency", Unit::Microseconds),
    metric("SortedSetBasedCmds", Unit::Count),
    metric("SortedSetBasedCmdsLatency", Unit::Microseconds),
    metric("StringBasedCmds", Unit::Count),
    metric("StringBasedCmdsLatency", Unit::Microseconds),
    metric("StreamBasedCmds", Unit::Count),
    metric("StreamBasedCmdsLatency", Unit::Microseconds),
    metric("BloomFilterBasedCmds", Unit::Count),
    metric("BloomFilterBasedCmdsLatency", Unit::Microseconds),
    metric("SearchBasedCmds", Unit::Count),
    metric("SearchBasedCmdsLatency", Unit::Microseconds),
    metric("SearchBasedGetCmds", Unit::Count),
    metric("SearchBasedGetCmdsLatency", Unit::Microseconds),
    metric("SearchBasedSetCmds", Unit::Count),
    metric("SearchBasedSetCmdsLatency", Unit::Microseconds),
    metric("BytesReadIntoMemcached", Unit::Bytes),
    metric("BytesWrittenOutFromMemcached", Unit::Bytes),
    metric("BytesUsedForCacheItems", Unit::Bytes),
    metric("BytesUsedForHash", Unit::Bytes),
    metric("UnusedMemory", Unit::Bytes),
    metric("CasBadval", Unit::Count),
    metric("CasHits", Unit::Count),
    metric("CasMisses", Unit::Count),
    metric("CmdFlush", Unit::Count),
    metric("CmdGet", Unit::Count),
    metric("CmdSet", Unit::Count),
    metric("CmdTouch", Unit::Count),
    metric("CmdConfigGet", Unit::Count),
    metric("CmdConfigSet", Unit::Count),
    metric("CurrConfig", Unit::Count),
    metric("DecrHits", Unit::Count),
    metric("DecrMisses", Unit::Count),
    metric("DeleteHits", Unit::Count),
    metric("DeleteMisses", Unit::Count),
    metric("EvictedUnfetched", Unit::Count),
    metric("ExpiredUnfetched", Unit::Count),
    metric("GetHits", Unit::Count),
    metric("GetMisses", Unit::Count),
    metric("IncrHits", Unit::Count),
    metric("IncrMisses", Unit::Count),
    metric("NewItems", Unit::Count),
    metric("SlabsMoved", Unit::Count),
    metric("TouchHits", Unit::Count),
    metric("TouchMisses", Unit::Count),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_has_one_place() {
        assert!(METRICS.len() < usize::from(u8::MAX));
        for (place, metric) in METRICS.iter().enumerate() {
            assert_eq!(usize::from(metric.number()), place, "{}", metric.name);
            assert_eq!(Metric::named(metric.name), Some(metric));
        }
    }

    #[test]
    fn the_places_of_stored_metrics_stand() {
        // If one of these moves, values that are stored already change their meaning.
        for (number, name) in [
            (0, "CPUUtilization"),
            (41, "SuccessfulWriteRequestLatency"),
            (85, "SearchBasedSetCmdsLatency"),
            (114, "TouchMisses"),
        ] {
            assert_eq!(
                Metric::numbered(number).map(|metric| metric.name),
                Some(name)
            );
        }
    }
}
