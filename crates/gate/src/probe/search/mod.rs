//! A search for texts around requests that a target answers although it refuses the requests as they stand.
//!
//! First each request is asked as it stands: one that is answered so needs no frame and is told as such. For the
//! others [`behaviour::mutate`] looks for frames, through the journals of the target and of the model that changes
//! frames, so that the same search goes on where it ended, and asks nobody the second time.

mod goal;
mod lane;
mod report;

use behaviour::mutate::{
    Asked as Asking, Found, REQUEST, Selection, Settings, run as search_frames,
};
use behaviour::pack::builtin;
use behaviour::target::{Call, Reply};

pub use goal::Goal;
pub use report::{Frame, Lifted, Requested, SearchReport, Searched};

use super::run::{in_packs, kept};
use super::source::{Opened, open};
use super::{Asked, Error, Options, ProbeServices};
use goal::Looker;
use lane::Lane;
use report::SCHEMA;

/// The pack and the probe whose frames and requests are taken where none are given.
const SHIPPED: (&str, &str) = ("jailbreaks", "jailbreaks/frames");

/// A search.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// What is searched.
    pub target: Asked,
    /// A model that changes frames; without one the rules do.
    pub mutator: Option<Asked>,
    /// What is looked for.
    pub goal: Goal,
    /// Texts with `{request}` in them; shipped ones where there are none.
    pub frames: Vec<String>,
    /// What is requested; shipped ones where there are none.
    pub requests: Vec<String>,
    /// How the next frame is chosen.
    pub selection: Selection,
    /// Calls, at most; those of the mutator count, and so do those that the journals hold.
    pub calls: u64,
    /// Tokens of a reply, at most.
    pub max_tokens: u32,
    /// What everything is drawn by.
    pub seed: u64,
    /// How it is run. A budget of tokens or cost holds for both models together.
    pub options: Options,
}

/// Searches.
pub fn search(request: &SearchRequest, services: ProbeServices<'_>) -> Result<SearchReport, Error> {
    let looker = Looker::new(&request.goal)?;
    let (frames, requests) = texts(request)?;
    let target = open(&request.target, services)?;
    let mutator = request.mutator.as_ref().map(|asked| open(asked, services)).transpose()?;
    services.watch.begin(request.calls, 0);
    let search = Search {
        request,
        looker: &looker,
        lane: Lane::new(&request.options, services),
        target: &target,
        mutator: mutator.as_ref(),
    };
    let few = u64::try_from(requests.len()).unwrap_or(u64::MAX).min(request.calls);
    let plain = search.run(&[REQUEST.to_owned()], &requests, few, false);
    let open: Vec<usize> =
        (0..requests.len()).filter(|at| !matches!(plain.opened.get(*at), Some(Some(_)))).collect();
    let closed: Vec<String> = open.iter().filter_map(|at| requests.get(*at)).cloned().collect();
    let left = request.calls.saturating_sub(plain.calls);
    let found = search.run(&frames, &closed, left, true);
    let halted = search.lane.end()?;
    let mut told = SearchReport {
        schema: SCHEMA,
        target: target.told.clone(),
        mutator: mutator.as_ref().map(|mutator| mutator.told.clone()),
        goal: looker.says.clone(),
        accuracy: looker.accuracy,
        selection: request.selection.name(),
        seed: request.seed,
        permitted: request.calls,
        calls: plain.calls.saturating_add(found.calls),
        lost: plain.lost.saturating_add(found.lost),
        ended: found.ended,
        halted,
        requests: requests.iter().map(|text| Requested::of(text)).collect(),
        frames: Vec::new(),
        journal: kept(&target.journal)?,
        mutator_journal: mutator.map(|mutator| kept(&mutator.journal)).transpose()?.flatten(),
    };
    told.plainly(&plain);
    told.framed(&open, &found, plain.calls);
    Ok(told)
}

struct Search<'a> {
    request: &'a SearchRequest,
    looker: &'a Looker,
    lane: Lane<'a>,
    target: &'a Opened,
    mutator: Option<&'a Opened>,
}

impl Search<'_> {
    fn run(&self, frames: &[String], requests: &[String], calls: u64, until_all: bool) -> Found {
        let settings = Settings {
            selection: self.request.selection,
            calls,
            seed: self.request.seed,
            max_tokens: self.request.max_tokens,
            until_all,
        };
        let mut ask = |calls: &[Call]| self.lane.ask(self.target, "search/target", calls);
        let mut change = |calls: &[Call]| match self.mutator {
            Some(mutator) => self.lane.ask(mutator, "search/mutator", calls),
            None => Vec::new(),
        };
        let opened = |which: usize, reply: &Reply| {
            let request = requests.get(which).map(String::as_str).unwrap_or_default();
            self.looker.opened(request, reply)
        };
        let asking = Asking {
            target: &mut ask,
            changer: if self.mutator.is_some() { Some(&mut change) } else { None },
            opened: &opened,
            go_on: &|| self.lane.goes_on(),
        };
        search_frames(frames, requests, &settings, asking)
    }
}

/// The frames and requests of a search.
fn texts(request: &SearchRequest) -> Result<(Vec<String>, Vec<String>), Error> {
    let (mut frames, mut requests) = (request.frames.clone(), request.requests.clone());
    let (pack, probe) = SHIPPED;
    let none = || Error::NoPack { name: pack.to_owned() };
    if frames.is_empty() || requests.is_empty() {
        let pack = builtin(pack).ok_or_else(none)?.map_err(in_packs)?;
        let (own_frames, own_requests) = (frames.is_empty(), requests.is_empty());
        let cases = pack.generate(0).map_err(in_packs)?;
        for case in cases.iter().filter(|case| case.probe == probe) {
            let slot = |name: &str| case.slots.get(name).map(String::as_str).unwrap_or_default();
            let frame = format!("{}{REQUEST}{}", slot("frame.before"), slot("frame.after"));
            let asked = slot("request").to_owned();
            if own_frames && !frames.contains(&frame) {
                frames.push(frame);
            }
            if own_requests && !requests.contains(&asked) {
                requests.push(asked);
            }
        }
    }
    if let Some(frame) = frames.iter().find(|frame| frame.matches(REQUEST).count() != 1) {
        let because = format!("`{REQUEST}` does not stand in it once");
        return Err(Error::Frame { frame: frame.clone(), because });
    }
    Ok((frames, requests))
}
