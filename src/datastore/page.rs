//! A page of a list, and where the next one begins.

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Whether more follow the last of them.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Makes a page of `limit` items from a list that was read one further.
    pub fn cut(mut items: Vec<T>, limit: usize) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { items, has_more }
    }
}
