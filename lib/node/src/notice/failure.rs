//! Why files and folders fail on their way: on which side, and what kind of failure it is.

use transom_proto::UsageError;
use transom_store::{InboxError, OutboxError, Skipped, Unplaced};
use transom_wire::{FailReason, Failure};

/// What a side says of a file or folder that it can't read or write.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text}")]
pub struct FileError {
    /// What kind of failure it is; `None` where a peer only has words for it.
    pub reason: Option<FailReason>,
    /// The words of that side.
    pub text: String,
}

impl FileError {
    fn new(reason: FailReason, text: String) -> Self {
        let reason = Some(reason);
        Self { reason, text }
    }

    /// What a peer says of one entry or of the transfer.
    pub(crate) fn told(failure: Failure<String>) -> Self {
        Self::new(failure.reason, failure.text)
    }
}

/// Why a transfer, or one entry of it, failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferFailure {
    /// The receiver can't take it.
    #[error("at the receiver: {0}")]
    AtReceiver(FileError),
    /// The sender can't send it.
    #[error("at the sender: {0}")]
    AtSender(FileError),
    /// This station can't read or write it.
    #[error("{0}")]
    Here(FileError),
    /// Of all entries none came whole.
    #[error("nothing came whole")]
    NothingCame,
    /// The connection did not take the offer, or a part of what was to follow.
    #[error("{0}")]
    Session(UsageError),
}

impl TransferFailure {
    /// There is nothing of that name here.
    #[cfg(feature = "sim")]
    pub(crate) fn missing(text: String) -> Self {
        Self::Here(FileError::new(FailReason::Gone, text))
    }

    /// Whether it is of a kind that is never sent: a link, a device, a pipe or a socket.
    pub(crate) fn is_special(&self) -> bool {
        matches!(self, Self::Here(error) if error.reason == Some(FailReason::Unsupported))
    }

    pub(crate) fn here(failure: &Failure<String>) -> Self {
        Self::Here(FileError::told(failure.clone()))
    }
}

impl From<&OutboxError> for TransferFailure {
    fn from(error: &OutboxError) -> Self {
        Self::Here(FileError::new(error.reason(), error.text()))
    }
}

impl From<&InboxError> for TransferFailure {
    fn from(error: &InboxError) -> Self {
        Self::Here(FileError::new(error.reason(), error.text()))
    }
}

impl From<&Skipped> for TransferFailure {
    fn from(skipped: &Skipped) -> Self {
        Self::Here(FileError::new(
            skipped.why.reason(),
            skipped.why.to_string(),
        ))
    }
}

impl From<&Unplaced> for TransferFailure {
    fn from(entry: &Unplaced) -> Self {
        Self::Here(FileError::new(entry.reason(), entry.to_string()))
    }
}
