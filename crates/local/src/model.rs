//! One model, loaded: texts in, vectors out.

use std::num::NonZeroU32;
use std::path::Path;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{LlamaContextParams, LlamaPoolingType};
use llama_cpp_2::gguf::GgufContext;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;

use crate::file::{self, NoModel};
use crate::llama_log::LastError;
use crate::options::Options;
use crate::prompts::Prompts;
use crate::protocol::{For, Hello, PROMPTS, PROTOCOL};

/// Tokens of a text that are read. A window of memory has at most 700 characters, which is as many tokens in the worst
/// script; and llama.cpp reserves memory for the longest text.
const MAX_TOKENS: u32 = 768;
/// No tokenizer has fewer than one token per this many bytes of prose; what lies behind is cut off before it is read.
const MAX_BYTES_PER_TOKEN: usize = 32;
/// Architectures that read a text as a whole, and for which a mean is right when the file does not say how to pool
/// (llama.cpp: `LLM_ARCH_BERT` and its relatives, whose converter has always written it except for the oldest files).
const ENCODERS: [&str; 7] = [
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "modern-bert",
    "gemma-embedding",
];

/// Why a file cannot serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    NoModel(#[from] NoModel),
    #[error("{0} cannot be loaded{1}; download it again, or update openclaw-local if the model is a new one")]
    Damaged(String, String),
    #[error(
        "{0} is not an embedding model (architecture {1}, no pooling); take one made for embeddings, for example \
         hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf"
    )]
    NoEmbeddings(String, String),
    #[error("{0} ranks pairs of texts and makes no vectors; take an embedding model")]
    Reranker(String),
    #[error("llama.cpp does not start{0}; build openclaw-local again")]
    Backend(String),
    #[error("{0} does not fit{1}; free memory or take a smaller model")]
    NoMemory(String, String),
}

/// Why a text has no vector.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextError {
    #[error("llama.cpp could not read the text: {0}")]
    Decode(#[from] llama_cpp_2::DecodeError),
    #[error("llama.cpp did not take the text: {0}")]
    Batch(#[from] llama_cpp_2::llama_batch::BatchAddError),
    #[error("llama.cpp made no vector: {0}")]
    NoVector(#[from] llama_cpp_2::EmbeddingsSeqError),
    #[error("the model made a vector with a number that is none; the file may be damaged")]
    NotFinite,
}

/// A model in memory.
pub(crate) struct Model {
    backend: LlamaBackend,
    llama: LlamaModel,
    header: Header,
    shown: String,
}

/// What the file says about itself.
struct Header {
    architecture: String,
    names: Vec<String>,
    pooling: LlamaPoolingType,
}

impl Model {
    /// Loads it; `last_error` has what llama.cpp says when it does not.
    pub(crate) fn load(options: &Options, last_error: &LastError) -> Result<Self, LoadError> {
        let shown = options.model.display().to_string();
        file::check(&options.model)?;
        let header = Header::read(&options.model, &shown).map_err(|error| {
            error.unwrap_or_else(|| LoadError::Damaged(shown.clone(), last_error.in_brackets()))
        })?;
        let backend = LlamaBackend::init().map_err(|_| LoadError::Backend(last_error.in_brackets()))?;
        let llama = LlamaModel::load_from_file(&backend, &options.model, &LlamaModelParams::default())
            .map_err(|_| LoadError::Damaged(shown.clone(), last_error.in_brackets()))?;
        Ok(Self { backend, llama, header, shown })
    }

    /// Makes it ready to read.
    pub(crate) fn reader(&self, options: &Options, last_error: &LastError) -> Result<Reader<'_>, LoadError> {
        let trained = self.llama.n_ctx_train();
        let tokens = if trained == 0 { MAX_TOKENS } else { trained.min(MAX_TOKENS) };
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(tokens))
            // A model that reads a text as a whole must get it in one piece.
            .with_n_batch(tokens)
            .with_n_ubatch(tokens)
            .with_n_seq_max(1)
            .with_n_threads(options.threads)
            .with_n_threads_batch(options.threads)
            .with_embeddings(true)
            .with_pooling_type(self.header.pooling);
        let context = self
            .llama
            .new_context(&self.backend, params)
            .map_err(|_| LoadError::NoMemory(self.shown.clone(), last_error.in_brackets()))?;
        let capacity = usize::try_from(tokens).unwrap_or(usize::MAX);
        let names: Vec<&str> = self.header.names.iter().map(String::as_str).collect();
        Ok(Reader {
            model: self,
            context,
            batch: LlamaBatch::new(capacity, 1),
            capacity,
            prompts: Prompts::of(&self.header.architecture, &names),
        })
    }
}

impl Header {
    /// `Err(None)` when the file cannot be parsed.
    fn read(path: &Path, shown: &str) -> Result<Self, Option<LoadError>> {
        let gguf = GgufContext::from_file(path).ok_or(None)?;
        let text = |key: &str| {
            let index = Some(gguf.find_key(key)).filter(|&index| index >= 0)?;
            // Reading a value of another type ends the program.
            let is_text = gguf.kv_type(index) == llama_cpp_sys_2::GGUF_TYPE_STRING;
            if is_text { gguf.val_str(index).map(str::to_owned) } else { None }
        };
        let architecture = text("general.architecture").ok_or(None)?;
        let pooling = {
            let index = gguf.find_key(&format!("{architecture}.pooling_type"));
            let is_number = index >= 0 && gguf.kv_type(index) == llama_cpp_sys_2::GGUF_TYPE_UINT32;
            is_number.then(|| gguf.val_u32(index))
        };
        let pooling = match pooling {
            Some(1) => LlamaPoolingType::Mean,
            Some(2) => LlamaPoolingType::Cls,
            Some(3) => LlamaPoolingType::Last,
            Some(4) => return Err(Some(LoadError::Reranker(shown.to_owned()))),
            _ if ENCODERS.contains(&architecture.as_str()) => LlamaPoolingType::Mean,
            _ => return Err(Some(LoadError::NoEmbeddings(shown.to_owned(), architecture))),
        };
        let file_name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        let names =
            [text("general.name"), text("general.basename"), file_name].into_iter().flatten().collect();
        Ok(Self { architecture, names, pooling })
    }
}

/// Reads texts, one at a time: on a processor a batch of them is no faster, and takes more memory.
pub(crate) struct Reader<'m> {
    model: &'m Model,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    capacity: usize,
    prompts: &'static Prompts,
}

impl Reader<'_> {
    /// What to say first.
    pub(crate) fn hello(&self) -> Hello {
        let header = &self.model.header;
        Hello {
            protocol: PROTOCOL,
            prompts: PROMPTS,
            model: header.names.first().cloned().unwrap_or_default(),
            architecture: header.architecture.clone(),
            dimensions: usize::try_from(self.model.llama.n_embd_out()).unwrap_or_default(),
            tokens: self.capacity,
            prompt: self.prompts.name.to_owned(),
        }
    }

    /// The vector of a text, of any length.
    pub(crate) fn vector(&mut self, purpose: For, text: &str) -> Result<Vec<f32>, TextError> {
        let tokens = self.tokens(purpose, text);
        self.context.clear_kv_cache();
        self.batch.clear();
        self.batch.add_sequence(&tokens, 0, true)?;
        self.context.decode(&mut self.batch)?;
        let vector = self.context.embeddings_seq_ith(0)?;
        if vector.iter().all(|number| number.is_finite()) {
            Ok(vector.to_vec())
        } else {
            Err(TextError::NotFinite)
        }
    }

    fn tokens(&self, purpose: For, text: &str) -> Vec<LlamaToken> {
        let vocab = self.model.llama.vocab();
        let prompted = self.prompts.apply(purpose, head(text, self.capacity * MAX_BYTES_PER_TOKEN));
        // Words of the text that look like tokens of the model's own are words.
        let mut tokens = vocab.tokenize(prompted.as_bytes(), true, false);
        let reads_last = matches!(self.model.header.pooling, LlamaPoolingType::Last);
        let has_end = vocab.should_add_eos() || vocab.should_add_sep() || vocab.vocab_type() == WORD_PIECE;
        if tokens.is_empty() || (reads_last && tokens.last() != Some(&vocab.eos())) {
            // The vector of such a model is that of its last token, which must be the end.
            tokens.push(vocab.eos());
        }
        if tokens.len() > self.capacity {
            let end = tokens.last().copied().filter(|_| has_end || reads_last);
            tokens.truncate(self.capacity - usize::from(end.is_some()));
            tokens.extend(end);
        }
        tokens
    }
}

/// BERT's tokenizer always ends a text.
const WORD_PIECE: llama_cpp_2::vocab::VocabType = llama_cpp_2::vocab::VocabType::WPM;

/// The longest beginning of a text that has at most this many bytes.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn a_head_ends_between_characters() {
        assert_eq!(head("aéa", 2), "a");
        assert_eq!(head("aéa", 3), "aé");
        assert_eq!(head("aéa", 99), "aéa");
    }
}
