//! How a session gets at its SRTP keys.
//!
//! `str0m` keeps what the DTLS handshake agreed on to itself, and takes its DTLS from a provider
//! that has no session of its own. So ours passes everything on and leaves the keys, when they
//! come by, where whoever drives that session on this thread picks them up right after.

use std::cell::RefCell;
use std::time::Instant;
use str0m::config::DtlsCert;
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion, SrtpProfile,
};

/// What a handshake agreed on (RFC 5764 §4.2).
pub(crate) struct Keys {
    pub(crate) material: Vec<u8>,
    pub(crate) profile: SrtpProfile,
    /// Whether we were the DTLS client.
    pub(crate) client: bool,
}

thread_local! {
    static AGREED: RefCell<Option<Keys>> = const { RefCell::new(None) };
}

/// The keys of the handshake that ended last on this thread, once.
pub(crate) fn take() -> Option<Keys> {
    AGREED.with_borrow_mut(Option::take)
}

/// The provider `str0m` brings, with an eye on the keys.
#[derive(Debug)]
pub(crate) struct Watched(pub(crate) &'static dyn DtlsProvider);

impl DtlsProvider for Watched {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        Ok(Box::new(Instance(self.0.new_dtls(cert, now, dtls_version, mtu)?)))
    }

    fn is_test(&self) -> bool {
        self.0.is_test()
    }
}

#[derive(Debug)]
struct Instance(Box<dyn DtlsInstance>);

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let client = self.0.is_active();
        let output = self.0.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let keys = Keys { material: material.to_vec(), profile: *profile, client };
            AGREED.set(Some(keys));
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
