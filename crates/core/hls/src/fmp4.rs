//! CMAF boxes (ISO/IEC 23000-19): initialization sections and chunks, one track each.

use crate::aac::AudioConfig;
use crate::h264::{ParameterSets, Sps};
use bytes::Bytes;
use mp4_atom::{
    Any, Audio, Avc1, Avcc, AvccExt, Codec, Decode, Dinf, Dref, DrefEntry, Encode, FourCC, Ftyp, Hdlr, Mdhd,
    Mdia, Mfhd, Minf, Moof, Moov, Mp4a, Mvex, Mvhd, Smhd, Stbl, Stco, Stsc, Stsd, Stts, Tfdt, Tfhd, Tkhd,
    Traf, Trak, Trex, Trun, TrunEntry, Url, Visual, Vmhd, esds,
};

/// Ticks per second of a video track.
pub(crate) const VIDEO_RATE: u32 = 90_000;
/// Every file has one track.
const TRACK: u32 = 1;
/// `sample_depends_on = 2`: decoding can start here.
const SYNC: u32 = 0x0200_0000;
/// `sample_depends_on = 1`, `sample_is_non_sync_sample = 1`.
const NON_SYNC: u32 = 0x0101_0000;

/// Writes a box into memory, which cannot fail but for fields out of range; those have been
/// checked where the values came in.
pub(crate) fn put(atom: &impl Encode, into: &mut Vec<u8>) {
    let written = atom.encode(into);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// The initialization section of a video track.
pub(crate) fn video_init(sps: &Sps, sets: &ParameterSets) -> Bytes {
    let [profile, constraints, level] = sps.profile;
    let ext = sps.high().then(|| AvccExt {
        chroma_format: sps.chroma_format,
        bit_depth_luma: sps.bit_depth.0,
        bit_depth_chroma: sps.bit_depth.1,
        sequence_parameter_sets_ext: Vec::new(),
    });
    let avcc = Avcc {
        configuration_version: 1,
        avc_profile_indication: profile,
        profile_compatibility: constraints,
        avc_level_indication: level,
        length_size: 4,
        sequence_parameter_sets: sets.sps.clone(),
        picture_parameter_sets: sets.pps.clone(),
        ext,
    };
    // 16 bits hold both: `Sps::parse` saw to it.
    let (width, height) = (sps.width as u16, sps.height as u16);
    let visual = Visual {
        data_reference_index: 1,
        width,
        height,
        horizresolution: 0x48.into(),
        vertresolution: 0x48.into(),
        frame_count: 1,
        compressor: "".into(),
        depth: 24,
    };
    let entry = Codec::Avc1(Avc1 { visual, avcc, ..Avc1::default() });
    let tkhd = Tkhd { width: width.into(), height: height.into(), ..Tkhd::default() };
    let minf = Minf { vmhd: Some(Vmhd::default()), ..Minf::default() };
    init(VIDEO_RATE, b"vide", tkhd, minf, entry)
}

/// What a video track's initialization section says of the picture.
pub(crate) fn described(init: &[u8]) -> Option<Sps> {
    let mut rest = init;
    while let Ok(atom) = Any::decode(&mut rest) {
        let Any::Moov(moov) = atom else { continue };
        return moov.trak.iter().flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs).find_map(
            |codec| match codec {
                Codec::Avc1(avc1) => Sps::parse(avc1.avcc.sequence_parameter_sets.first()?),
                _ => None,
            },
        );
    }
    None
}

/// The initialization section of an audio track.
pub(crate) fn audio_init(config: &AudioConfig, bitrate: u32) -> Bytes {
    let dec_specific = esds::DecoderSpecific { raw: config.raw.clone(), ..Default::default() };
    let dec_config = esds::DecoderConfig {
        object_type_indication: 0x40, // MPEG-4 audio
        stream_type: 5,               // audio
        max_bitrate: bitrate,
        avg_bitrate: bitrate,
        dec_specific: Some(dec_specific),
        ..Default::default()
    };
    let es_desc = esds::EsDescriptor { dec_config, ..Default::default() };
    let audio = Audio {
        data_reference_index: 1,
        channel_count: u16::from(config.channels),
        sample_size: 16,
        // The field has 16 bits; players read the rate in the AudioSpecificConfig.
        sample_rate: u16::try_from(config.sample_rate).unwrap_or(0).into(),
    };
    let entry = Codec::Mp4a(Mp4a { audio, esds: esds::Esds { es_desc }, btrt: None, taic: None });
    let tkhd = Tkhd { volume: 1.into(), alternate_group: 1, ..Tkhd::default() };
    let minf = Minf { smhd: Some(Smhd::default()), ..Minf::default() };
    init(config.sample_rate, b"soun", tkhd, minf, entry)
}

fn init(timescale: u32, handler: &[u8; 4], tkhd: Tkhd, minf: Minf, entry: Codec) -> Bytes {
    let stbl = Stbl {
        stsd: Stsd { codecs: vec![entry] },
        stts: Stts::default(),
        stsc: Stsc::default(),
        stco: Some(Stco::default()),
        ..Stbl::default()
    };
    let dinf = Dinf { dref: Dref { entries: vec![DrefEntry::Url(Url::default())] } };
    let mdia = Mdia {
        mdhd: Mdhd { timescale, language: "und".to_owned(), ..Mdhd::default() },
        hdlr: Hdlr { handler: FourCC::new(handler), name: "palco".to_owned() },
        minf: Minf { dinf, stbl, ..minf },
    };
    let tkhd = Tkhd { track_id: TRACK, enabled: true, in_movie: true, ..tkhd };
    let trex = Trex { track_id: TRACK, default_sample_description_index: 1, ..Trex::default() };
    let moov = Moov {
        mvhd: Mvhd {
            timescale,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: TRACK + 1,
            ..Mvhd::default()
        },
        mvex: Some(Mvex { mehd: None, trex: vec![trex] }),
        trak: vec![Trak { tkhd, mdia, ..Trak::default() }],
        ..Moov::default()
    };
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: [b"iso6", b"cmfc", b"mp41"].map(FourCC::new).to_vec(),
    };
    let mut bytes = Vec::with_capacity(1_024);
    put(&ftyp, &mut bytes);
    put(&moov, &mut bytes);
    bytes.into()
}

/// One sample of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sample {
    /// Decoding and presentation time, in ticks.
    pub(crate) tick: u64,
    /// In ticks.
    pub(crate) duration: u32,
    /// In bytes.
    pub(crate) size: u32,
    /// Whether decoding can start here.
    pub(crate) sync: bool,
}

/// A chunk: `moof` and `mdat`. The samples stand one after the other in `data`.
pub(crate) fn chunk(sequence: u32, samples: &[Sample], data: &[u8]) -> Bytes {
    let entry = |sample: &Sample| TrunEntry {
        duration: Some(sample.duration),
        size: Some(sample.size),
        flags: Some(if sample.sync { SYNC } else { NON_SYNC }),
        cts: None,
    };
    let entries: Vec<TrunEntry> = samples.iter().map(entry).collect();
    let mut moof = Moof {
        mfhd: Mfhd { sequence_number: sequence },
        traf: vec![Traf {
            tfhd: Tfhd { track_id: TRACK, default_base_is_moof: true, ..Tfhd::default() },
            tfdt: Some(Tfdt { base_media_decode_time: samples.first().map_or(0, |first| first.tick) }),
            trun: vec![Trun { data_offset: Some(0), samples: entries.into() }],
            ..Traf::default()
        }],
    };
    const MDAT_HEADER: usize = 8;
    let mut bytes = Vec::with_capacity(data.len() + 128 + 16 * samples.len());
    put(&moof, &mut bytes);
    // The offset of the data is only known when the box has been written once.
    moof.traf[0].trun[0].data_offset = i32::try_from(bytes.len() + MDAT_HEADER).ok();
    bytes.clear();
    put(&moof, &mut bytes);
    // A part is far below 4 GB: frames are bounded where they come in.
    bytes.extend_from_slice(&((data.len() + MDAT_HEADER) as u32).to_be_bytes());
    bytes.extend_from_slice(b"mdat");
    bytes.extend_from_slice(data);
    bytes.into()
}
