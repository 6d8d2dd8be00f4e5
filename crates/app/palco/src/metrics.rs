//! Prometheus metrics: plain counters of the parts, copied out when somebody asks.

use crate::live::Live;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use palco_base::Fault;
use palco_house::Way;
use palco_mix::wire::FromMixer;
use palco_net::NetStats;
use palco_sfu::SfuStats;
use palco_stage::{Connection, Phase};

/// The registry.
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the registry for this process.
    ///
    /// # Errors
    /// When there is one already.
    pub(crate) fn install() -> Result<Self, Fault> {
        PrometheusBuilder::new().install_recorder().map(Self).map_err(|error| {
            Fault::unavailable("metrics_failed", "Metrics could not be set up.").internal(error)
        })
    }

    /// The text format, version 0.0.4.
    pub(crate) fn text<'a>(
        &self,
        shard: &SfuStats,
        net: impl Iterator<Item = NetStats>,
        shows: impl Iterator<Item = &'a Live>,
    ) -> String {
        rtc(shard);
        sockets(net);
        for live in shows {
            show(live);
            house(live);
        }
        self.0.render()
    }
}

#[allow(clippy::cast_precision_loss)] // Gauges are floats; sessions are far below 2^52.
fn rtc(stats: &SfuStats) {
    gauge!("palco_rtc_sessions").set(stats.sessions as f64);
    gauge!("palco_rtc_sessions_playing").set(stats.playing as f64);
    gauge!("palco_rtc_sessions_playing_small").set(stats.playing_small as f64);
    gauge!("palco_rtc_sessions_playing_paused").set(stats.playing_paused as f64);
    counter!("palco_rtc_repairs_total").absolute(stats.repairs);
    counter!("palco_rtc_repairs_refused_total").absolute(stats.repairs_refused);
    counter!("palco_rtc_datagrams_total", "direction" => "in").absolute(stats.datagrams_in);
    counter!("palco_rtc_datagrams_total", "direction" => "out").absolute(stats.datagrams_out);
    counter!("palco_rtc_bytes_total", "direction" => "in").absolute(stats.bytes_in);
    counter!("palco_rtc_bytes_total", "direction" => "out").absolute(stats.bytes_out);
    counter!("palco_rtc_datagrams_unknown_total").absolute(stats.datagrams_unknown);
    counter!("palco_rtc_key_frames_asked_total").absolute(stats.key_frames_asked);
    counter!("palco_rtc_frames_lost_total").absolute(stats.frames_lost);
    counter!("palco_rtc_sessions_refused_total").absolute(stats.refused);
    counter!("palco_rtc_panics_total").absolute(stats.panics);
}

#[allow(clippy::cast_precision_loss)] // As above.
fn sockets(shards: impl Iterator<Item = NetStats>) {
    for (number, stats) in shards.enumerate() {
        let shard = [("shard", number.to_string())];
        let unsent = |why: &str| [("shard", number.to_string()), ("why", why.to_owned())];
        counter!("palco_rtc_commands_refused_total", &shard).absolute(stats.commands_refused);
        counter!("palco_rtc_program_frames_dropped_total", &shard).absolute(stats.frames_dropped);
        counter!("palco_rtc_datagrams_unsent_total", &unsent("socket full")).absolute(stats.sends_dropped);
        counter!("palco_rtc_datagrams_unsent_total", &unsent("no way")).absolute(stats.sends_failed);
        gauge!("palco_rtc_busy_share", &shard)
            .set(MILLI * f64::from(u32::try_from(stats.busy_per_mille).unwrap_or(u32::MAX)));
        gauge!("palco_rtc_shard_sessions", &shard).set(stats.sessions as f64);
        gauge!("palco_rtc_segmentation_offload", &shard).set(f64::from(u8::from(stats.segmented)));
    }
}

fn show(live: &Live) {
    let snapshot = live.snapshot.borrow().clone();
    let name = snapshot.show.slug.clone();
    let is = |yes: bool| f64::from(u8::from(yes));
    gauge!("palco_show_live", "show" => name.clone()).set(is(snapshot.show.phase == Phase::Live));
    gauge!("palco_show_viewers", "show" => name.clone()).set(f64::from(snapshot.viewers));
    let connected = snapshot.performers.iter().filter(|p| p.connection == Connection::Connected).count();
    gauge!("palco_show_performers_connected", "show" => name.clone())
        .set(f64::from(u32::try_from(connected).unwrap_or(u32::MAX)));
    // A mixer that was restarted counts from zero: rate() and increase() know counter resets.
    if let Some(FromMixer::Stats { pictures, skipped, dropped, undecodable, cpu, held }) =
        *live.mixer_stats.borrow()
    {
        counter!("palco_mixer_pictures_total", "show" => name.clone()).absolute(pictures);
        counter!("palco_mixer_ticks_skipped_total", "show" => name.clone()).absolute(skipped);
        counter!("palco_mixer_frames_dropped_total", "show" => name.clone()).absolute(dropped);
        counter!("palco_mixer_frames_undecodable_total", "show" => name.clone()).absolute(undecodable);
        let seconds = |micros: u64| MILLI * f64::from(u32::try_from(micros / 1_000).unwrap_or(u32::MAX));
        gauge!("palco_mixer_cpu_seconds", "show" => name.clone()).set(seconds(cpu));
        gauge!("palco_mixer_held_seconds", "show" => name.clone()).set(seconds(held));
    }
    if let Some(on_air) = live.on_air() {
        let (hls, dropped, failed) = on_air.counters();
        let counts = [
            ("palco_hls_parts_total", hls.parts),
            ("palco_hls_segments_total", hls.segments),
            ("palco_hls_discontinuities_total", hls.discontinuities),
            ("palco_hls_requests_total", hls.requests),
            ("palco_hls_requests_refused_total", hls.refused + hls.timed_out),
            ("palco_hls_frames_dropped_total", hls.dropped_frames + dropped),
        ];
        for (metric, count) in counts {
            counter!(metric, "show" => name.clone()).absolute(count);
        }
        gauge!("palco_hls_requests_waiting", "show" => name.clone())
            .set(f64::from(u32::try_from(hls.waiting).unwrap_or(u32::MAX)));
        gauge!("palco_recording_failed", "show" => name).set(is(failed));
    }
}

/// Who watches and how well. Players are believed for what only they know.
fn house(live: &Live) {
    let (present, report) = live.viewers.now();
    if report.began.is_none() {
        return;
    }
    let name = live.snapshot.borrow().show.slug.clone();
    for way in Way::ALL {
        let labels = [("show", name.clone()), ("way", way.name().to_owned())];
        gauge!("palco_house_viewers", &labels).set(f64::from(*present.of(way)));
        counter!("palco_house_moves_total", &labels).absolute(*report.moved.of(way));
        for (metric, tally) in [
            ("palco_house_join_seconds", report.join.of(way)),
            ("palco_house_delay_seconds", report.delay.of(way)),
        ] {
            for (quantile, share) in [("0.5", 0.5), ("0.95", 0.95)] {
                if let Some(span) = tally.quantile(share) {
                    let mut labels = labels.to_vec();
                    labels.push(("quantile", quantile.to_owned()));
                    gauge!(metric, &labels).set(span.seconds());
                }
            }
        }
    }
    gauge!("palco_house_viewers_peak", "show" => name.clone()).set(f64::from(report.peak));
    for (why, count) in [
        ("left", report.left.left),
        ("lost", report.left.lost),
        ("ended", report.left.ended),
        ("removed", report.left.removed),
        ("stopped", report.left.stopped),
    ] {
        counter!("palco_house_left_total", "show" => name.clone(), "why" => why).absolute(count);
    }
    for (metric, count) in [
        ("palco_house_came_total", report.came),
        ("palco_house_returned_total", report.returned),
        ("palco_house_uncounted_total", report.uncounted),
        ("palco_house_sightings_total", report.sightings),
        ("palco_house_freezes_total", report.freezes),
        ("palco_house_watched_seconds_total", report.watched_ms / 1_000),
        ("palco_house_frozen_seconds_total", report.frozen_ms / 1_000),
    ] {
        counter!(metric, "show" => name.clone()).absolute(count);
    }
}

/// Milliseconds to seconds.
const MILLI: f64 = 1e-3;
