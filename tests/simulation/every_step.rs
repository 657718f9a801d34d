//! Stops the process before every single action of each operation.
//!
//! Between two actions of a task nothing happens that anybody could see, so to stop after one is to stop before the next.
