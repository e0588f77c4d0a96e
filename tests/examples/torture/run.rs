//! One run: a sender, a receiver, a relay between them, and what befalls them.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, PipeWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use transom_tests::{Cut, Person, Program, Scratch, eventually};

use crate::plan::{At, DiskFault, DiskPlan, Plan, Round, Trouble};
use crate::random::Random;
use crate::{RECEIVER, SENDER, tree};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What many runs came to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    runs: u32,
    /// Attempts of senders that ended by themselves, and those of them that were told of a failure.
    attempts: u32,
    failures: u32,
    kills: u32,
    power_cuts: u32,
    /// Bytes that did not travel again.
    resumed: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.resumed += other.resumed;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            attempts,
            failures,
            kills,
            power_cuts,
            resumed,
        } = self;
        write!(
            f,
            "{runs} runs passed: {kills} kills, {power_cuts} power cuts, {attempts} commands that \
             came to an end, {failures} of them told of a failure, {} MB taken up again",
            resumed / 1_000_000
        )
    }
}

/// A run in `scratch`, with the plan of that seed.
pub(crate) fn run(seed: u64, scratch: &Scratch) -> Outcome<Totals> {
    let mut random = Random::new(seed);
    let (path, bytes) = tree::make(&scratch.join("near/out"), &mut random)?;
    let plan = Plan::draw(&mut random);
    let mut run = Run::new(scratch, random, path, bytes)?;
    run.say(&format!(
        "{} of {bytes} bytes, {plan:#?}",
        run.path.display()
    ));
    if plan.ends_are_told {
        run.link.pass_ends();
    }
    for round in &plan.rounds {
        run.round(round)?;
        if run.has_arrived {
            break;
        }
    }
    run.calm(plan.cut_at_end)?;
    run.say("passed");
    Ok(run.totals)
}

struct Run<'a> {
    scratch: &'a Scratch,
    started: Instant,
    story: File,
    /// Processes so far.
    processes: u32,
    random: Random,
    path: PathBuf,
    bytes: u64,
    near: Person,
    far: Person,
    link: Cut,
    sender: Option<Process>,
    receiver: Option<Receiver>,
    /// Whether a sender was told that all is durable; that something was left out.
    has_arrived: bool,
    is_in_part: bool,
    totals: Totals,
}

/// A program and the file with its complaints.
struct Process {
    program: Program,
    log: PathBuf,
    /// Of a program whose disk fails, which ends with it.
    orders: Option<PipeWriter>,
}

struct Receiver {
    process: Process,
    heals_at: Option<Instant>,
}

impl<'a> Run<'a> {
    fn new(scratch: &'a Scratch, random: Random, path: PathBuf, bytes: u64) -> Outcome<Self> {
        let (near, far) = (Person::new(scratch, "near"), Person::new(scratch, "far"));
        let link = Cut::to("127.0.0.1:9".parse()?);
        far.knows(&near, "127.0.0.1:9", "view,call,files");
        near.knows(&far, &link.address().to_string(), "view,call,files");
        Ok(Self {
            scratch,
            started: Instant::now(),
            story: File::create(scratch.join("story"))?,
            processes: 0,
            random,
            path,
            bytes,
            near,
            far,
            link,
            sender: None,
            receiver: None,
            has_arrived: false,
            is_in_part: false,
            totals: Totals {
                runs: 1,
                ..Totals::default()
            },
        })
    }

    fn say(&mut self, what: &str) {
        let time = self.started.elapsed().as_secs_f64();
        // It is for the user who looks after a failure.
        let _ = writeln!(self.story, "{time:.3} {what}");
    }

    /// Both sides up, then one trouble.
    fn round(&mut self, round: &Round) -> Outcome {
        let changes = round.changes && self.sender.is_none();
        if round.clock.is_some() || round.disk.is_some() || changes {
            self.end_receiver()?;
        }
        // With another content it is another thing, which would get another name.
        if changes && !self.came().exists() {
            self.bytes = tree::change(&self.path, &mut self.random)?;
            self.say(&format!("changed to {} bytes", self.bytes));
        }
        if let Some(days) = round.clock {
            self.jump(days)?;
        }
        self.start_receiver(round.disk.as_ref())?;
        self.start_sender(round.source.as_ref())?;
        match round.at {
            At::Thousandths(part, later) => {
                self.link.hold_after(self.bytes * part / 1000);
                self.wait_for(Cut::is_held);
                sleep(later);
            }
            At::End(later) => {
                let all = self.link.carried() + self.bytes;
                self.wait_for(|link| link.carried() >= all);
                sleep(later);
            }
            At::Time(time) => sleep(time),
        }
        self.say(&format!(
            "{:?} at {} bytes",
            round.trouble,
            self.link.carried()
        ));
        self.befall(round.trouble)?;
        self.link.release();
        if round.disk.is_some() {
            self.wait_for_heal();
        }
        self.take_end_of_sender()?;
        self.check_name()
    }

    /// Waits until the relay has come so far, the sender has ended, or a while.
    fn wait_for(&mut self, is_so_far: impl Fn(&Cut) -> bool) {
        let last = Instant::now() + Duration::from_secs(3);
        while !is_so_far(&self.link) && Instant::now() < last {
            let has_ended = |process: Option<&mut Process>| {
                process.is_none_or(|process| !process.program.is_running())
            };
            if has_ended(self.sender.as_mut()) {
                break;
            }
            self.heal_in_time();
            sleep(Duration::from_micros(200));
        }
    }

    fn befall(&mut self, trouble: Trouble) -> Outcome {
        match trouble {
            Trouble::None => {}
            Trouble::CutLink => {
                self.link.cut();
                sleep(Duration::from_millis(50));
                self.link.mend();
            }
            Trouble::CutPower => self.cut_power()?,
            Trouble::KillBoth => {
                self.kill_sender();
                self.kill_receiver();
            }
            Trouble::KillReceiver => self.kill_receiver(),
            Trouble::KillSender => self.kill_sender(),
            Trouble::StallLink(time) => {
                self.link.freeze();
                sleep(time);
                self.link.thaw();
            }
            Trouble::StopReceiver(time) => {
                let process = self.receiver.as_mut().map(|receiver| &mut receiver.process);
                stop(process, time);
            }
            Trouble::StopSender(time) => stop(self.sender.as_mut(), time),
        }
        Ok(())
    }

    /// The machine of the receiver, whose disk is one that can fail, loses its power.
    fn cut_power(&mut self) -> Outcome {
        if let Some(receiver) = &mut self.receiver
            && receiver.process.program.is_running()
        {
            receiver.order("cut")?;
            let program = &mut receiver.process.program;
            eventually("the end of the receiver", || !program.is_running());
            self.totals.power_cuts += 1;
        }
        self.receiver = None;
        Ok(())
    }

    fn kill_receiver(&mut self) {
        if let Some(mut receiver) = self.receiver.take() {
            receiver.process.program.kill();
            self.totals.kills += 1;
        }
    }

    fn kill_sender(&mut self) {
        if let Some(mut sender) = self.sender.take_if(|sender| sender.program.is_running()) {
            sender.program.kill();
            self.totals.kills += 1;
            self.is_in_part |= sender.has_lost_entries();
        }
    }

    /// Ends it as a service manager does.
    fn end_receiver(&mut self) -> Outcome {
        let Some(receiver) = self.receiver.take() else {
            return Ok(());
        };
        receiver.process.program.ask_to_end();
        let code = receiver.process.program.finish().code;
        match (receiver.process.orders, code) {
            (None, Some(0)) | (Some(_), _) => Ok(()),
            _ => Err(format!("the receiver ended with {code:?}").into()),
        }
    }

    fn start_receiver(&mut self, disk: Option<&DiskPlan>) -> Outcome {
        if let Some(receiver) = &mut self.receiver
            && receiver.process.program.is_running()
        {
            return Ok(());
        }
        let log = self.log("receiver");
        let (address, receiver) = match disk {
            None => {
                let inbox = ["receive", "--into", "inbox", "--accept", "known"];
                let (program, address) = self
                    .far
                    .listen_by(&inbox, |command| Program::start(&mut logged(command, &log)));
                let receiver = Receiver {
                    process: Process {
                        program,
                        log,
                        orders: None,
                    },
                    heals_at: None,
                };
                (address, receiver)
            }
            Some(disk) => self.start_failing(disk, log)?,
        };
        self.say(&format!("receiver at {address}, disk {disk:?}"));
        // Without an address its disk failed at once, which it told.
        if !address.is_empty() {
            self.link.aim(address.parse()?);
            self.receiver = Some(receiver);
        }
        Ok(())
    }

    fn start_failing(&self, disk: &DiskPlan, log: PathBuf) -> Outcome<(String, Receiver)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(RECEIVER).arg(self.far.state());
        command.arg(self.far.book()).arg(self.far.path("inbox"));
        command.args(disk.faults.iter().map(ToString::to_string));
        let (input, orders) = std::io::pipe()?;
        let mut program = Program::start_with_input(&mut logged(&command, &log), input);
        let listening = program.event("listening");
        let address = listening["address"].as_str().ok_or("no address")?;
        let receiver = Receiver {
            process: Process {
                program,
                log,
                orders: Some(orders),
            },
            heals_at: Some(Instant::now() + disk.heals_after),
        };
        Ok((address.to_owned(), receiver))
    }

    fn heal_in_time(&mut self) {
        if let Some(receiver) = &mut self.receiver
            && let Some(at) = receiver.heals_at
            && at <= Instant::now()
        {
            receiver.heals_at = None;
            // It may have been killed.
            let _ = receiver.order("heal");
        }
    }

    fn wait_for_heal(&mut self) {
        let is_failing = |run: &Self| {
            let receiver = run.receiver.as_ref();
            receiver.is_some_and(|receiver| receiver.heals_at.is_some())
        };
        while is_failing(self) {
            sleep(Duration::from_millis(1));
            self.heal_in_time();
        }
    }

    fn start_sender(&mut self, source: Option<&DiskFault>) -> Outcome {
        if self.sender.is_some() {
            return Ok(());
        }
        let log = self.log("sender");
        let (program, orders) = match source {
            None => {
                let mut command = self.near.command(&["send", "far"]);
                command.arg(&self.path).args(["--wait", "20", "--json"]);
                (Program::start(&mut logged(&command, &log)), None)
            }
            Some(fault) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg(SENDER).arg(self.near.state());
                command.arg(self.near.book()).arg(self.near.path("out"));
                command.arg(&self.path).arg(fault.to_string());
                let (input, orders) = std::io::pipe()?;
                let mut command = logged(&command, &log);
                (Program::start_with_input(&mut command, input), Some(orders))
            }
        };
        self.say(&format!("sender, disk {source:?}"));
        self.sender = Some(Process {
            program,
            log,
            orders,
        });
        Ok(())
    }

    /// If it has ended: how.
    fn take_end_of_sender(&mut self) -> Outcome {
        match self.sender.take_if(|sender| !sender.program.is_running()) {
            Some(sender) => self.end_of_sender(sender),
            None => Ok(()),
        }
    }

    /// Waits for its end. It says that all is durable, or a failure that a person can act on.
    fn end_of_sender(&mut self, sender: Process) -> Outcome {
        let end = sender.program.finish();
        let (code, told) = (end.code, fs::read_to_string(&sender.log)?);
        let answers = end.stdout.lines().map(serde_json::from_str::<Value>);
        let resumed = answers.flatten().filter_map(|it| it["resumed"].as_u64());
        self.totals.resumed += resumed.max().unwrap_or(0);
        self.say(&format!("sender ended with {code:?}: {told}"));
        self.totals.attempts += 1;
        let last = told.lines().last().unwrap_or_default();
        match code {
            Some(0) => self.has_arrived = true,
            Some(1)
                if ["transom: ", "torture: "]
                    .iter()
                    .any(|by| last.starts_with(by)) =>
            {
                self.totals.failures += 1;
                self.is_in_part |= last.contains(" in part");
            }
            _ => return Err(format!("the sender ended with {code:?}: {told}").into()),
        }
        Ok(())
    }

    /// Nothing has the final name before it is whole, and all that is called durable is there.
    fn check_name(&mut self) -> Outcome {
        let came = self.came();
        let sender = self.sender.as_ref();
        self.is_in_part |= sender.is_some_and(Process::has_lost_entries);
        if !came.exists() && !self.has_arrived || self.is_in_part {
            return Ok(());
        }
        match tree::difference(&self.path, &came)? {
            Some(what) => Err(format!("the inbox has another thing: {what}").into()),
            None => Ok(()),
        }
    }

    fn came(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default();
        self.far.path("inbox").join(name)
    }

    /// Without any fault the same command comes to its end, and all is as it should be.
    fn calm(&mut self, cuts_power: bool) -> Outcome {
        self.say("calm");
        self.take_end_of_sender()?;
        self.end_receiver()?;
        if cuts_power {
            let healthy = DiskPlan {
                faults: Vec::new(),
                heals_after: Duration::ZERO,
            };
            self.start_receiver(Some(&healthy))?;
            self.send_whole()?;
            self.cut_power()?;
            self.check_name()?;
        }
        self.start_receiver(None)?;
        self.send_whole()?;
        self.end_receiver()?;
        self.check_end()
    }

    /// Sends it whole, also if it is there; a sender that is still at it may be told of what befell
    /// it before.
    fn send_whole(&mut self) -> Outcome {
        if let Some(sender) = self.sender.take() {
            self.end_of_sender(sender)?;
        }
        self.has_arrived = false;
        self.start_sender(None)?;
        if let Some(sender) = self.sender.take() {
            self.end_of_sender(sender)?;
        }
        match self.has_arrived {
            true => self.check_name(),
            false => Err("the same command without any fault failed".into()),
        }
    }

    /// The inbox has what was sent and nothing else.
    fn check_end(&mut self) -> Outcome {
        let inbox = self.far.path("inbox");
        let mut came = names(&inbox)?;
        came.retain(|name| name != STAGING);
        // Beside what came in part, which its sender was told, the whole has another name.
        let mut differences = came
            .iter()
            .map(|name| tree::difference(&self.path, &inbox.join(name)));
        let is_whole = match self.is_in_part {
            true => differences.any(|difference| matches!(difference, Ok(None))),
            false => came.len() == 1,
        };
        if !is_whole {
            return Err(format!("in the inbox: {came:?}").into());
        }
        let mut kept = names(&inbox.join(STAGING))?;
        kept.retain(|name| !KEPT.iter().any(|other| name == other));
        if !kept.is_empty() {
            return Err(format!("left in the private folder of the inbox: {kept:?}").into());
        }
        for name in names(self.scratch.path())? {
            let path = self.scratch.path().join(name);
            if path.extension().is_some_and(|ending| ending == "log")
                && fs::read_to_string(&path)?.contains("panicked")
            {
                return Err(format!("a panic: {}", path.display()).into());
            }
        }
        Ok(())
    }

    /// The clocks jump while no receiver runs: what it keeps was made at another time.
    fn jump(&mut self, days: i64) -> Outcome {
        self.say(&format!("the clock jumps by {days} days"));
        let staging = self.far.path("inbox").join(STAGING);
        if !staging.exists() {
            return Ok(());
        }
        let mut paths = vec![staging.clone()];
        for name in names(&staging)? {
            let folder = staging.join(name);
            if folder.is_dir() {
                paths.extend(names(&folder)?.into_iter().map(|name| folder.join(name)));
            }
            paths.push(folder);
        }
        let jump = Duration::from_secs(days.unsigned_abs() * 24 * 3600);
        for path in paths {
            let file = File::open(&path)?;
            let modified = file.metadata()?.modified()?;
            let modified = match days > 0 {
                true => modified - jump,
                false => modified + jump,
            };
            file.set_modified(modified)?;
        }
        Ok(())
    }

    /// The file with the complaints of a new process.
    fn log(&mut self, what: &str) -> PathBuf {
        self.processes += 1;
        self.scratch.join(&format!("{}-{what}.log", self.processes))
    }
}

impl Process {
    /// Whether a sender told that its disk failed: its other entries may have been published.
    fn has_lost_entries(&self) -> bool {
        // Without a log it was not yet our program.
        let told = fs::read_to_string(&self.log).unwrap_or_default();
        self.orders.is_some() && told.contains("(os error 5)")
    }
}

impl Receiver {
    fn order(&mut self, order: &str) -> Outcome {
        match &mut self.process.orders {
            Some(orders) => Ok(writeln!(orders, "{order}")?),
            None => Err("a real disk takes no orders".into()),
        }
    }
}

/// SIGSTOP for a while.
fn stop(process: Option<&mut Process>, time: Duration) {
    if let Some(process) = process
        && process.program.is_running()
    {
        process.program.freeze();
        sleep(time);
        process.program.thaw();
    }
}

/// The same command with its complaints in a file, where they outlive a kill. The process keeps its
/// id.
fn logged(command: &Command, log: &Path) -> Command {
    let mut logged = Command::new("sh");
    logged
        .args(["-c", "exec \"$0\" \"$@\" 2>\"$TRANSOM_TORTURE_LOG\""])
        .arg(command.get_program())
        .args(command.get_args())
        .env("TRANSOM_TORTURE_LOG", log);
    if let Some(folder) = command.get_current_dir() {
        logged.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => logged.env(name, value),
            None => logged.env_remove(name),
        };
    }
    logged
}

fn names(folder: &Path) -> Outcome<Vec<OsString>> {
    let entries = fs::read_dir(folder)?;
    Ok(entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<_>>()?)
}

/// The private folder of an inbox, and what stays in it.
const STAGING: &str = ".transom-incoming";
const KEPT: [&str; 2] = ["lock", "published"];
