//! All shards of a machine, as one.
//!
//! Who makes the show is on the first shard, so that performers' packets reach each other, crew
//! and mixer without leaving a core. The audience only plays Programs, whose frames come from us:
//! every shard has those, and a viewer is at home on any.

use crate::queue::{Full, ShardHandle};
use crate::shard::{Shard, ShardConfig};
use crate::stats::NetStats;
use palco_sfu::{ADMIT_UP_TO, Command, Event};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU8;

/// What hears the events of one shard, on its thread. It must not wait.
pub type OnEvent = Box<dyn FnMut(Event) + Send>;

/// The running shards of a machine. They stop when this is dropped.
#[derive(Debug)]
pub struct Shards {
    first: ShardHandle,
    others: Vec<ShardHandle>,
}

impl Shards {
    /// Starts `count` shards. The first is bound to `config.address`, each other one port above
    /// the one before; port 0 takes any. `config.max_sessions` is of all together. `on_event`
    /// makes what hears the events of each, counted from 0.
    ///
    /// # Errors
    /// As [`Shard::spawn`], also when there are no ports left above; with the address that could
    /// not be used. No shard is left running then.
    pub fn spawn(
        mut config: ShardConfig,
        count: NonZeroU8,
        mut on_event: impl FnMut(u8) -> OnEvent,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let base = config.address;
        config.max_sessions = config.max_sessions.div_ceil(usize::from(count.get()));
        let mut spawn = |number: u8| {
            let mut config = config.clone();
            let port = match base.port() {
                0 => Some(0),
                port => port.checked_add(u16::from(number)),
            };
            let none_left =
                || (base, io::Error::new(io::ErrorKind::InvalidInput, "there are not enough ports above it"));
            config.address.set_port(port.ok_or_else(none_left)?);
            let address = config.address;
            Shard::spawn(config, on_event(number)).map_err(|error| (address, error))
        };
        Ok(Self { first: spawn(0)?, others: (1..count.get()).map(spawn).collect::<Result<_, _>>()? })
    }

    /// Gives a command to the shards it is for. Never waits.
    ///
    /// # Errors
    /// When the queue of one of them is full, which is counted, or it has ended. The others have
    /// the command all the same.
    pub fn send(&self, command: Command) -> Result<(), Full> {
        match command {
            Command::Play { viewer: true, .. } => self.emptiest().send(command),
            Command::Publish { .. }
            | Command::Play { .. }
            | Command::Tap { .. }
            | Command::RequestKeyFrame { .. }
            | Command::Mute { .. } => self.first.send(command),
            // Programs are everywhere; a session that is elsewhere is nobody's here.
            Command::Switch { .. }
            | Command::Close { .. }
            | Command::OpenProgram { .. }
            | Command::ProgramFrame { .. }
            | Command::CloseFeed { .. }
            | Command::Stats => {
                let others = self.others.iter().map(|shard| shard.send(command.clone())).collect::<Vec<_>>();
                others.into_iter().chain([self.first.send(command)]).collect()
            }
        }
    }

    /// Where the next viewer goes: to the fewest sessions, where there is room.
    fn emptiest(&self) -> &ShardHandle {
        let load = |shard: &&ShardHandle| {
            let NetStats { busy_per_mille, sessions, .. } = shard.stats();
            (busy_per_mille as f64 >= 1e3 * ADMIT_UP_TO, sessions)
        };
        self.all().min_by_key(load).unwrap_or(&self.first)
    }

    fn all(&self) -> impl Iterator<Item = &ShardHandle> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// What was lost so far, of each shard.
    pub fn stats(&self) -> impl Iterator<Item = NetStats> {
        self.all().map(ShardHandle::stats)
    }

    /// Where each socket is bound.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.all().map(ShardHandle::address)
    }

    /// Ends all, as [`ShardHandle::stop`].
    pub fn stop(&self) {
        self.all().for_each(ShardHandle::stop);
    }
}
