//! Who goes on. Everything runs in one thread; whatever is about to call the host, to write, or to talk to a router waits
//! here until it is let go on, and then runs to its next action. So an order of actions is a run, and a seed is an order.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use cacheplane::runtime::simulated::Operation;

/// What somebody is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Call the host.
    Call(Operation, String),
    /// Write to the database.
    Write(&'static str),
    /// Push a table to a router.
    Push(String),
}

impl Action {
    /// Whether it may change something.
    pub fn has_effect(&self) -> bool {
        !matches!(self, Self::Call(operation, _) if operation.is_observation())
    }
}

/// Where actions wait.
#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    task: u64,
    tickets: u64,
    waiting: BTreeMap<u64, Waiting>,
    is_open: bool,
}

struct Waiting {
    task: u64,
    action: Action,
    waker: Waker,
    may_go: bool,
}

/// A task that takes turns.
pub struct Task<T> {
    /// Unique in a run.
    pub id: u64,
    /// For the trace.
    pub name: Rc<str>,
    future: Pin<Box<dyn Future<Output = T>>>,
}

impl<T> Task<T> {
    /// A task that has not begun.
    pub fn new(id: u64, name: String, future: impl Future<Output = T> + 'static) -> Self {
        let future = Box::pin(future);
        Self {
            id,
            name: name.into(),
            future,
        }
    }
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on nobody waits; or everybody does. Returns which of them it was before.
    pub fn open(&self, is_open: bool) -> bool {
        std::mem::replace(&mut self.state().is_open, is_open)
    }

    /// Waits for the turn to do `action`.
    pub fn wait(self: &Arc<Self>, action: Action) -> Turn {
        Turn {
            turns: Arc::clone(self),
            action: Some(action),
            ticket: None,
        }
    }

    /// The actions that wait: ticket, task, action.
    pub fn waiting(&self) -> Vec<(u64, u64, Action)> {
        self.state()
            .waiting
            .iter()
            .map(|(ticket, waiting)| (*ticket, waiting.task, waiting.action.clone()))
            .collect()
    }

    /// Lets one action happen.
    pub fn release(&self, ticket: u64) {
        if let Some(waiting) = self.state().waiting.get_mut(&ticket) {
            waiting.may_go = true;
            waiting.waker.wake_by_ref();
        }
    }

    /// Runs `task` to its next action, or to its end. What it reads in between nobody can change meanwhile.
    pub async fn advance<T>(&self, task: &mut Task<T>) -> Option<T> {
        poll_fn(|cx| {
            self.state().task = task.id;
            if let Poll::Ready(end) = task.future.as_mut().poll(cx) {
                return Poll::Ready(Some(end));
            }
            // With no action waiting, it waits for the database itself, which answers soon.
            match self
                .state()
                .waiting
                .values()
                .any(|turn| turn.task == task.id)
            {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        })
        .await
    }
}

/// An action that waits for its turn.
pub struct Turn {
    turns: Arc<Turns>,
    action: Option<Action>,
    ticket: Option<u64>,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let turns = Arc::clone(&self.turns);
        let mut state = turns.state();
        if state.is_open {
            return Poll::Ready(());
        }
        if let Some(ticket) = self.ticket {
            if state.waiting.get(&ticket).is_none_or(|turn| turn.may_go) {
                state.waiting.remove(&ticket);
                return Poll::Ready(());
            }
        } else if let Some(action) = self.action.take() {
            state.tickets += 1;
            let (ticket, task) = (state.tickets, state.task);
            let waker = cx.waker().clone();
            state.waiting.insert(
                ticket,
                Waiting {
                    task,
                    action,
                    waker,
                    may_go: false,
                },
            );
            self.ticket = Some(ticket);
        }
        Poll::Pending
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.turns.state().waiting.remove(&ticket);
        }
    }
}
