use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Operation;

use super::task::Task;

/// An operation that waits for a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) operation: Operation,
    /// `None` for the whole bus.
    pub(super) device: Option<RomId>,
    pub(super) task: Task,
    pub(super) progress: TaskProgress,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TaskProgress {
    Queued,
    Started,
    Done(Result<(), ReturnCode>),
}

impl Waiter {
    /// Whether it waits for this task, which has just ended.
    pub(super) fn waits_for(&self, device: Option<RomId>, task: Task) -> bool {
        let is_waiting = match self.progress {
            TaskProgress::Queued => task.is_shared(),
            TaskProgress::Started => true,
            TaskProgress::Done(_) => false,
        };
        is_waiting && self.device == device && self.task == task
    }
}
