use crate::server::Answer;
use crate::storage::Storage;

/// How far an answer of several items is: the entries of a list, the elements of an array, the values of a WRITE.
///
/// A reply states its length before its first byte, and the tree has no memory for a long one. So it goes through the
/// items twice: first to count their bytes, then to send them. Before it sends an item, it checks that the item is where
/// the first pass counted it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AnswerProgress {
    /// The number of complete items.
    pub(super) item: u32,
    /// The offset of the next item in the whole answer.
    pub(super) item_start: usize,
    /// The offset of the next byte to be sent.
    pub(super) unsent: usize,
    /// The length of the whole answer, once it is known and the frame was started.
    pub(super) total: Option<usize>,
}

impl AnswerProgress {
    pub(super) const NEW: Self = Self { item: 0, item_start: 0, unsent: 0, total: None };

    /// Moves past a part of the answer. With `answer`, sends the bytes of it that were not sent before, as many as there
    /// is room for.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn advance<T: Storage>(&mut self, part: &[u8], answer: Option<&mut Answer<'_, T>>) {
        if let Some(answer) = answer
            && let Some(skip) = self.unsent.checked_sub(self.item_start)
        {
            let pushed = answer.push(part.get(skip..).unwrap_or_default());
            self.unsent = self.unsent.wrapping_add(pushed);
        }
        self.item_start = self.item_start.wrapping_add(part.len());
    }

    /// Whether everything up to the next item was sent.
    pub(super) const fn is_all_sent(&self) -> bool {
        self.unsent >= self.item_start
    }
}
