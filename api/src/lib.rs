//! The wire contract: shapes, faults and operations of the ElastiCache Query API.
