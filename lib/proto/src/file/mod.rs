//! The transfers of a session (wire 7): dispatches their messages, and takes turns among those that
//! send data.

mod bottleneck;
mod entry_state;
mod receiving;
mod sending;
mod shares;
mod spare;
mod throttle;
mod transfer_state;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use transom_wire::{
    Collision, Ending, Failure, LimitedBy, Message, Offer, RefuseReason, Shape, Status, WHOLE,
};

use self::receiving::Receiving;
use self::sending::{Sending, Step};
use self::spare::Spare;
use self::throttle::Throttle;
use crate::send::Record;
use crate::send::{Output, clip};
use crate::streams::next_after;
use crate::{Config, Instant, PeerError, TransferEvent, TransferId, UsageError};

/// A turn with no more bytes than this left ends: the rest is not worth a frame.
const SLIVER: usize = 512;

pub(crate) struct Files {
    open: BTreeMap<u16, Transfer>,
    /// Most transfers open at once in each direction.
    most: usize,
    leaf_room: usize,
    grant_window: u64,
    session_window: u64,
    /// The transfer whose turn it is to send data, and the bytes left of its turn.
    turn: u16,
    turn_left: usize,
    spare: Spare,
}

enum Transfer {
    Sending(Sending),
    Receiving(Receiving),
}

impl Transfer {
    fn throttle(&mut self) -> &mut Throttle {
        match self {
            Self::Sending(sending) => &mut sending.throttle,
            Self::Receiving(receiving) => &mut receiving.throttle,
        }
    }
}

impl Files {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            open: BTreeMap::new(),
            most: config.max_transfers,
            leaf_room: config.leaf_room,
            grant_window: config.grant_window,
            session_window: config.session_window,
            turn: 0,
            turn_left: 0,
            spare: Spare::new(usize::try_from(config.grant_window).unwrap_or(usize::MAX)),
        }
    }

    pub(crate) fn has_transfers(&self) -> bool {
        !self.open.is_empty()
    }

    pub(crate) fn is_open(&self, stream: u16) -> bool {
        self.open.contains_key(&stream)
    }

    pub(crate) fn may_offer(&self) -> Result<(), UsageError> {
        if self.count(true) >= self.most {
            return Err(UsageError::Full { what: "transfers" });
        }
        Ok(())
    }

    pub(crate) fn offer(
        &mut self,
        stream: u16,
        offer: &Offer<'_>,
        output: &mut Output,
    ) -> TransferId {
        let file = TransferId(stream);
        let sending = Sending::new(file, offer, self.leaf_room);
        self.open.insert(stream, Transfer::Sending(sending));
        output.send(stream, &Message::Offer(*offer));
        file
    }

    pub(crate) fn sending(&mut self, file: TransferId) -> Result<&mut Sending, UsageError> {
        match self.open.get_mut(&file.0) {
            Some(Transfer::Sending(sending)) => Ok(sending),
            _ => Err(UsageError::NoSuchTransfer),
        }
    }

    pub(crate) fn receiving(&mut self, file: TransferId) -> Result<&mut Receiving, UsageError> {
        match self.open.get_mut(&file.0) {
            Some(Transfer::Receiving(receiving)) => Ok(receiving),
            _ => Err(UsageError::NoSuchTransfer),
        }
    }

    pub(crate) fn throttle(&mut self, file: TransferId) -> Result<&mut Throttle, UsageError> {
        let transfer = self
            .open
            .get_mut(&file.0)
            .ok_or(UsageError::NoSuchTransfer)?;
        Ok(transfer.throttle())
    }

    pub(crate) fn entry_room(&self, file: TransferId, output: &Output) -> usize {
        match self.open.get(&file.0) {
            Some(Transfer::Sending(sending)) => sending.entry_room(output),
            _ => 0,
        }
    }

    pub(crate) fn leaf_room(&self, file: TransferId) -> usize {
        match self.open.get(&file.0) {
            Some(Transfer::Sending(sending)) => sending.leaf_room(),
            _ => 0,
        }
    }

    pub(crate) fn hash_room(&self, file: TransferId) -> usize {
        match self.open.get(&file.0) {
            Some(Transfer::Sending(sending)) => sending.hash_room(),
            _ => 0,
        }
    }

    pub(crate) fn spent(&mut self) -> Option<Vec<u8>> {
        self.spare.take()
    }

    /// Puts the buffer of a stored leaf into the pool, unless its transfer is over.
    pub(crate) fn recycle(&mut self, file: TransferId, buffer: Vec<u8>) {
        if self.is_open(file.0) {
            self.spare.put(buffer);
        }
    }

    pub(crate) fn accept(
        &mut self,
        file: TransferId,
        held: u64,
        output: &mut Output,
        now: Instant,
    ) -> Result<(), UsageError> {
        let receiving = self.receiving(file)?;
        // Before the accept, so that the sender never sends without our pause and limit.
        receiving.throttle.flush_now(file.0, output);
        receiving.accept(held, output)?;
        self.flush(output, now);
        Ok(())
    }

    pub(crate) fn refuse(
        &mut self,
        file: TransferId,
        reason: RefuseReason,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if self.receiving(file)?.state.is_accepted() {
            return Err(UsageError::NotNow { verb: "refuse" });
        }
        let status = Status::new(reason, clip(text));
        self.close(file, &Message::Refuse(status), output);
        Ok(())
    }

    pub(crate) fn cancel(
        &mut self,
        file: TransferId,
        reason: RefuseReason,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        self.throttle(file)?;
        let status = Status::new(reason, clip(text));
        self.close(file, &Message::Cancel(status), output);
        Ok(())
    }

    pub(crate) fn abandon(
        &mut self,
        file: TransferId,
        failure: Failure<&str>,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let sending = self.sending(file)?;
        if failure.index != WHOLE {
            return sending.abandon(failure);
        }
        self.close(file, &Message::Abandon(failure.map_text(clip)), output);
        Ok(())
    }

    pub(crate) fn failed(
        &mut self,
        file: TransferId,
        failure: Failure<&str>,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let receiving = self.receiving(file)?;
        if failure.index != WHOLE {
            return receiving.failed(failure, output);
        }
        self.close(file, &Message::Failed(failure.map_text(clip)), output);
        Ok(())
    }

    pub(crate) fn finished(
        &mut self,
        file: TransferId,
        ending: Ending,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if !self.receiving(file)?.state.may_end(ending) {
            return Err(UsageError::NotNow { verb: "finished" });
        }
        let status = Status::new(ending, clip(text));
        self.close(file, &Message::Finished(status), output);
        Ok(())
    }

    /// The peer offers a transfer.
    pub(crate) fn handle_offer(&mut self, stream: u16, offer: Offer<'_>, output: &mut Output) {
        let unknown = matches!(offer.shape, Shape::Unknown(_))
            || matches!(offer.collision, Collision::Unknown(_));
        let refusal = if unknown {
            let text = "this version doesn't know that kind of transfer";
            Some((RefuseReason::Unsupported, text))
        } else if self.count(false) >= self.most {
            Some((RefuseReason::Busy, "too many transfers at once"))
        } else {
            None
        };
        if let Some((reason, text)) = refusal {
            log::debug!("file={stream} refused: {text}");
            output.send(stream, &Message::Refuse(Status::new(reason, text)));
            return;
        }
        let file = TransferId(stream);
        let receiving = Receiving::new(file, offer, self.grant_window);
        self.open.insert(stream, Transfer::Receiving(receiving));
        output.emit_transfer(file, TransferEvent::Offered(offer.into()));
    }

    /// Any other message of a transfer. Ignored if the transfer is over, since the message may have
    /// been in flight when it ended.
    pub(crate) fn handle(
        &mut self,
        stream: u16,
        message: &Message<'_>,
        now: Instant,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(transfer) = self.open.get_mut(&stream) else {
            return Ok(());
        };
        let over = match (message, transfer) {
            (Message::Pause(_) | Message::Rate(_) | Message::Cancel(_), transfer) => {
                handle_any(stream, message, transfer.throttle(), now, output)
            }
            (message, Transfer::Sending(sending)) => {
                handle_sending(stream, message, sending, output)?
            }
            (message, Transfer::Receiving(receiving)) => {
                handle_receiving(stream, message, receiving, &mut self.spare, now, output)?
            }
        };
        if over {
            log::debug!("file={stream} ended by the peer");
            self.remove(stream);
        }
        Ok(())
    }

    /// Puts the newest state into an event of a pause, limit, total or full disk that is taken out
    /// now.
    pub(crate) fn update_event(&mut self, file: TransferId, event: &mut TransferEvent) {
        if let Ok(throttle) = self.throttle(file) {
            throttle.update_event(event);
        }
        if let Ok(receiving) = self.receiving(file) {
            receiving.update_event(event);
        }
    }

    /// See [`Session::set_session_window`](crate::Session::set_session_window).
    pub(crate) fn set_session_window(&mut self, bytes: u64) {
        self.session_window = bytes;
    }

    /// What limits a transfer's rate, once that was measured.
    pub(crate) fn limited_by(&self, file: TransferId) -> Option<LimitedBy> {
        match self.open.get(&file.0)? {
            Transfer::Sending(sending) => sending.bottleneck.verdict(),
            Transfer::Receiving(receiving) => receiving.limited_by,
        }
    }

    pub(crate) fn rate_limit(&self, file: TransferId) -> Option<u64> {
        match self.open.get(&file.0)? {
            Transfer::Sending(sending) => sending.throttle.rate(),
            Transfer::Receiving(receiving) => receiving.throttle.rate(),
        }
    }

    /// Measures what each transfer that sends waits for: for the socket, or for something else
    /// while so many bytes of file data are `in_flight`.
    pub(crate) fn measure(&mut self, in_flight: Option<u64>, now: Instant) {
        for transfer in self.open.values_mut() {
            if let Transfer::Sending(sending) = transfer {
                sending.measure(in_flight, now);
            }
        }
    }

    /// Bytes of leaves and hashes that wait to be sent, of incomplete leaves, and of the pool.
    pub(crate) fn held(&self) -> usize {
        let held = self.open.values().map(|transfer| match transfer {
            Transfer::Sending(sending) => sending.held(),
            Transfer::Receiving(receiving) => receiving.held(),
        });
        held.sum::<usize>() + self.spare.held()
    }

    /// Emits [`TransferEvent::Room`] for all transfers that send.
    pub(crate) fn tell_room(&self, output: &mut Output) {
        for (stream, transfer) in &self.open {
            if matches!(transfer, Transfer::Sending(_)) {
                output.emit_transfer(TransferId(*stream), TransferEvent::Room);
            }
        }
    }

    /// Writes file data, at most about `budget` bytes. Deficit round robin: a turn is one record's
    /// bytes, also if each record has room for only a part of a turn. A transfer with nothing to
    /// send loses the rest of its turn.
    pub(crate) fn pull(
        &mut self,
        record: &mut Record<'_>,
        budget: usize,
        now: Instant,
        output: &mut Output,
    ) {
        let most = record.used().saturating_add(budget);
        for _ in 0..=self.open.len() {
            if let Some(Transfer::Sending(sending)) = self.open.get_mut(&self.turn) {
                let before = record.used();
                let most = most.min(before.saturating_add(self.turn_left));
                let step = sending.pull(record, most, now, &mut self.spare, output);
                self.turn_left = self.turn_left.saturating_sub(record.used() - before);
                if step == Step::Full && self.turn_left > SLIVER {
                    return;
                }
            }
            let Some((stream, _)) = next_after(&mut self.open, self.turn) else {
                return;
            };
            (self.turn, self.turn_left) = (stream, record.size());
        }
    }

    /// Whether file data could go now, but for the path.
    pub(crate) fn has_data(&self, now: Instant) -> bool {
        self.open.values().any(|transfer| match transfer {
            Transfer::Sending(sending) => sending.poll_timeout().is_some_and(|at| at <= now),
            Transfer::Receiving(_) => false,
        })
    }

    /// When a rate limit lets waiting data pass, or a progress is to be sent.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let timeouts = self.open.values().filter_map(|transfer| match transfer {
            Transfer::Sending(sending) => sending.poll_timeout(),
            Transfer::Receiving(receiving) => receiving.poll_timeout(),
        });
        timeouts.filter(|at| *at > now).min()
    }

    /// Ends a transfer: sends its due messages, then `last`.
    fn close(&mut self, file: TransferId, last: &Message<'_>, output: &mut Output) {
        match self.remove(file.0) {
            Some(Transfer::Sending(mut sending)) => sending.throttle.flush(file.0, output),
            Some(Transfer::Receiving(mut receiving)) => receiving.flush_all(output),
            None => {}
        }
        output.send(file.0, last);
    }

    /// Removes a transfer. With the last one, the pool of buffers is freed.
    fn remove(&mut self, stream: u16) -> Option<Transfer> {
        let transfer = self.open.remove(&stream);
        if self.open.is_empty() {
            self.spare.clear();
        }
        transfer
    }

    fn count(&self, sending: bool) -> usize {
        let is_sending = |transfer: &&Transfer| matches!(transfer, Transfer::Sending(_));
        self.open
            .values()
            .filter(|transfer| is_sending(transfer) == sending)
            .count()
    }
}

/// Handles messages that either side may send. Returns whether the transfer is over, as the next
/// two functions do.
fn handle_any(
    stream: u16,
    message: &Message<'_>,
    throttle: &mut Throttle,
    now: Instant,
    output: &mut Output,
) -> bool {
    let file = TransferId(stream);
    match *message {
        Message::Pause(pause) if throttle.handle_pause(pause) && throttle.emits_pause() => {
            let paused = pause.paused;
            output.emit_transfer(file, TransferEvent::Paused { paused });
        }
        Message::Rate(rate) if throttle.handle_rate(rate, now) && throttle.emits_rate() => {
            let rate = throttle.remote_rate();
            output.emit_transfer(file, TransferEvent::Limited { rate });
        }
        Message::Cancel(status) => {
            let status = status.map_text(String::from);
            output.emit_transfer(file, TransferEvent::Cancelled(status));
            return true;
        }
        _ => {}
    }
    false
}

/// Handles messages that a receiver may send.
fn handle_sending(
    stream: u16,
    message: &Message<'_>,
    sending: &mut Sending,
    output: &mut Output,
) -> Result<bool, PeerError> {
    let file = TransferId(stream);
    match *message {
        Message::Accept(accept) => sending.handle_accept(accept, output)?,
        Message::Start(start) => sending.handle_start(start, output)?,
        Message::Again(again) => sending.handle_again(again, output)?,
        Message::Grant(grant) => sending.handle_grant(grant)?,
        Message::DiskFull(full) if sending.throttle.handle_disk_full(full) => {
            if sending.throttle.emits_disk_full() {
                let missing = full.missing;
                output.emit_transfer(file, TransferEvent::DiskFull { missing });
            }
        }
        Message::DiskFull(_) => {}
        Message::Progress(progress) if sending.state.is_accepted() => {
            sending.handle_progress(progress);
            output.emit_transfer(file, TransferEvent::Progress(progress));
        }
        Message::Done(done) => sending.handle_done(done, output)?,
        Message::Refuse(status) if !sending.state.is_accepted() => {
            let status = status.map_text(String::from);
            output.emit_transfer(file, TransferEvent::Refused(status));
            return Ok(true);
        }
        Message::Failed(failure @ Failure { index: WHOLE, .. }) => {
            let failure = failure.map_text(String::from);
            output.emit_transfer(file, TransferEvent::Failed(failure));
            return Ok(true);
        }
        Message::Failed(failed) => sending.handle_failed(failed, output)?,
        Message::Finished(status) if sending.state.may_end(status.code) => {
            let status = status.map_text(String::from);
            output.emit_transfer(file, TransferEvent::Finished(status));
            return Ok(true);
        }
        _ => {
            return Err(PeerError::unexpected(
                "a message that a receiver may not send now",
            ));
        }
    }
    Ok(false)
}

/// Handles messages that a sender may send.
fn handle_receiving(
    stream: u16,
    message: &Message<'_>,
    receiving: &mut Receiving,
    spare: &mut Spare,
    now: Instant,
    output: &mut Output,
) -> Result<bool, PeerError> {
    match *message {
        Message::Data(bytes) => receiving.handle_data(bytes, now, output)?,
        Message::Leaf(leaf) => receiving.handle_leaf(leaf, now, spare, output)?,
        Message::Hashes(hashes) => receiving.handle_hashes(hashes, now, output)?,
        Message::End(end) => receiving.handle_end(end, output)?,
        Message::Entry(entry) => receiving.handle_entry(entry, output)?,
        Message::Abandon(failure @ Failure { index: WHOLE, .. }) => {
            let failure = failure.map_text(String::from);
            output.emit_transfer(TransferId(stream), TransferEvent::Abandoned(failure));
            return Ok(true);
        }
        Message::Abandon(abandon) => receiving.handle_abandon(abandon, output)?,
        Message::Total(total) => receiving.handle_total(total, output)?,
        Message::Finish(finish) => receiving.handle_finish(finish, output)?,
        Message::LimitedBy(limited_by) => receiving.limited_by = Some(limited_by),
        _ => {
            return Err(PeerError::unexpected(
                "a message that a sender may not send now",
            ));
        }
    }
    Ok(false)
}
