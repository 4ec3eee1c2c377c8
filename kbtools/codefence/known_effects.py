"""What calls are known to do besides giving a value: the list that lets snippets be told apart by their data.

Everything that is not listed counts as able to do anything. So a name is listed only where the library's documentation
leaves no doubt: it computes from its arguments, or it draws from one of the random generators, or it also changes its
arguments. What it gives may share memory or a graph with its arguments in every case.
"""

from __future__ import annotations

TORCH_RANDOM, PYTHON_RANDOM, NUMPY_RANDOM, FILES, ANYTHING = 1, 2, 4, 8, 16
"""What a call may read and change: a generator's state, files, or anything at all."""
RANDOM = TORCH_RANDOM | PYTHON_RANDOM | NUMPY_RANDOM

SEEDS = {"torch.manual_seed": TORCH_RANDOM, "random.seed": PYTHON_RANDOM, "numpy.random.seed": NUMPY_RANDOM}
"""Calls that set a generator's state whatever it was."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TORCH = _words(
    "tensor as_tensor from_numpy zeros ones empty full arange linspace logspace eye zeros_like ones_like full_like "
    "empty_like complex polar device Size Generator finfo iinfo is_tensor is_floating_point is_complex numel "
    "result_type can_cast promote_types cat concat concatenate stack hstack vstack dstack column_stack chunk split "
    "tensor_split unbind squeeze unsqueeze reshape flatten unflatten ravel view_as_real view_as_complex permute "
    "transpose swapaxes swapdims movedim moveaxis t tile broadcast_to broadcast_tensors broadcast_shapes expand_copy "
    "repeat_interleave roll flip fliplr flipud rot90 gather index_select masked_select narrow take take_along_dim "
    "nonzero where scatter select diagonal diag diag_embed diagflat tril triu tril_indices triu_indices meshgrid "
    "cartesian_prod combinations add sub subtract mul multiply div divide true_divide floor_divide remainder fmod neg "
    "negative positive abs absolute sign sgn signbit exp exp2 expm1 log log2 log10 log1p logaddexp pow square sqrt "
    "rsqrt reciprocal sin cos tan asin acos atan atan2 arctan2 sinh cosh tanh asinh acosh atanh sigmoid relu softmax "
    "log_softmax selu celu erf erfc erfinv lgamma digamma ceil floor round trunc frac clamp clip lerp addcmul addcdiv "
    "nan_to_num real imag angle conj deg2rad rad2deg hypot heaviside sum mean median mode std var std_mean var_mean "
    "prod nansum nanmean nanmedian max min amax amin aminmax argmax argmin maximum minimum fmax fmin all any "
    "logsumexp cumsum cumprod cummax cummin logcumsumexp diff norm dist cdist count_nonzero quantile nanquantile "
    "histc histogram bincount unique unique_consecutive sort argsort topk kthvalue msort searchsorted bucketize eq ne "
    "lt le gt ge less greater equal allclose isclose isnan isinf isfinite isin logical_and logical_or logical_not "
    "logical_xor bitwise_and bitwise_or bitwise_xor bitwise_not matmul mm bmm mv dot vdot inner outer ger kron einsum "
    "tensordot chain_matmul addmm addmv addr addbmm baddbmm cross trace det logdet inverse pinverse cholesky "
    "triangular_solve matrix_exp matrix_power clone detach unfold conv1d conv2d conv3d cosine_similarity "
    "pairwise_distance one_hot float16 is_grad_enabled is_inference_mode_enabled get_default_dtype no_grad "
    "enable_grad inference_mode vmap func.grad func.vmap func.jacrev func.jacfwd func.hessian "
    "cuda.is_available cuda.device_count "
    "backends.mps.is_available cuda.get_device_name cuda.get_device_capability linalg.norm linalg.vector_norm "
    "linalg.matrix_norm linalg.inv linalg.det linalg.solve linalg.svd linalg.qr linalg.eig linalg.eigh "
    "linalg.eigvals linalg.eigvalsh linalg.cholesky linalg.matrix_rank linalg.lstsq linalg.pinv linalg.cross "
    "fft.fft fft.ifft fft.rfft fft.irfft fft.fft2 special.expit testing.assert_close"
)
_TORCH_CALLERS = _words("autograd.grad autograd.gradcheck func.functional_call func.vjp func.jvp")
"""They call what they are given, or free its graph."""
_FUNCTIONAL = _words(
    "relu gelu silu elu leaky_relu selu celu sigmoid tanh softplus softsign softmax log_softmax softmin logsigmoid "
    "hardtanh hardsigmoid hardswish mish glu linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d "
    "layer_norm group_norm instance_norm rms_norm normalize embedding one_hot cross_entropy nll_loss mse_loss l1_loss "
    "smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div cosine_similarity "
    "cosine_embedding_loss triplet_margin_loss pairwise_distance pad interpolate unfold fold pixel_shuffle "
    "grid_sample affine_grid"
)
_TORCH_DRAWS = _words(
    "rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial poisson dropout "
    "seed initial_seed get_rng_state set_rng_state random.get_rng_state random.set_rng_state random.fork_rng "
    "random.manual_seed cuda.manual_seed cuda.manual_seed_all nn.functional.dropout nn.functional.gumbel_softmax "
    "nn.functional.rrelu nn.functional.scaled_dot_product_attention utils.data.random_split"
)
# Objects whose calls and iteration may draw random numbers and change what they were made of.
_TORCH_OBJECTS = ("torch.nn.", "torch.optim.", "torch.utils.data.")
_NUMPY = _words(
    "array asarray zeros ones empty full arange linspace eye identity zeros_like ones_like full_like concatenate stack "
    "hstack vstack split reshape ravel transpose squeeze expand_dims tile repeat where nonzero sum mean std var prod "
    "max min amax amin argmax argmin cumsum cumprod sort argsort unique dot matmul outer inner einsum tensordot "
    "exp log log2 log10 log1p expm1 sqrt abs sign sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh floor ceil "
    "round clip maximum minimum allclose isclose array_equal isnan isinf isfinite all any float16 float32 float64 "
    "int8 int16 int32 int64 uint8 bool_ diff median percentile quantile linalg.norm linalg.inv linalg.det linalg.solve "
    "linalg.svd linalg.eig linalg.eigh linalg.qr meshgrid broadcast_to trace diag triu tril cross kron"
)
_NUMPY_DRAWS = _words(
    "rand randn randint random random_sample choice shuffle permutation normal uniform binomial poisson standard_normal"
)
_PYTHON_DRAWS = _words(
    "random randint randrange choice choices shuffle sample uniform gauss normalvariate betavariate expovariate "
    "triangular getrandbits randbytes getstate setstate"
)
_STDLIB = {
    "math": None,
    "cmath": None,
    "itertools": None,
    "operator": None,
    "statistics": None,
    "fractions": None,
    "string": None,
    "textwrap": None,
    "bisect": None,
    "heapq": None,
    "abc": None,
    "enum": None,
    "numbers": None,
    "typing": None,
    "types": _words("SimpleNamespace MappingProxyType"),
    "collections": None,
    "collections.abc": None,
    "dataclasses": None,
    "functools": None,
    "copy": _words("copy deepcopy"),
    "json": _words("dumps loads"),
    "time": _words("time perf_counter monotonic process_time perf_counter_ns monotonic_ns time_ns sleep"),
    "contextlib": _words("contextmanager nullcontext suppress"),
    "io": _words("BytesIO StringIO"),
    "random": _words("Random"),
}
"""Modules that only compute: all of one, or the names of one."""
_KEEPERS = frozenset({"functools", "itertools", "heapq", "collections", "operator", "contextlib", "bisect"})
"""What these make may call or keep what it is given."""
_FILES = frozenset({"torch.save", "torch.load"})

PURE_BUILTINS = _words(
    "print len type isinstance issubclass repr str int float bool complex bytes abs round id hash ord chr hex oct bin "
    "format divmod pow callable hasattr getattr range slice object Ellipsis NotImplemented property staticmethod "
    "classmethod super True False None"
)
"""They leave their arguments as they are."""
CHANGING_BUILTINS = _words(
    "list tuple dict set frozenset sum min max sorted any all zip map filter enumerate reversed iter next setattr "
    "delattr bytearray memoryview anext aiter"
)
"""They may advance an iterator, call what they are given, or set an attribute."""

PURE_METHODS = _words(
    "sum mean std var prod max min amax amin argmax argmin norm median cumsum cumprod all any abs neg exp log log2 "
    "log10 log1p sqrt rsqrt square pow sin cos tan tanh sigmoid relu softmax log_softmax floor ceil round trunc clamp "
    "clip sub mul div matmul mm bmm mv dot outer view view_as reshape reshape_as flatten squeeze unsqueeze permute "
    "transpose swapaxes t expand expand_as repeat repeat_interleave chunk split unbind gather index_select "
    "masked_select masked_fill narrow select diagonal tril triu clone detach numpy item tolist size dim numel "
    "ndimension stride storage_offset data_ptr is_contiguous contiguous element_size nelement is_floating_point "
    "type_as long int bool short eq ne lt le gt ge equal allclose isnan isinf isfinite argsort topk unique "
    "nonzero where logical_and logical_or logical_not bincount diff roll flip new_zeros new_ones new_tensor new_full "
    "new_empty sign reciprocal keys values items get copy index count format join strip lstrip rstrip lower upper "
    "title capitalize startswith endswith replace rsplit splitlines partition rpartition find rfind encode decode "
    "zfill ljust rjust center isdigit isalpha isupper islower casefold union intersection difference issubset "
    "issuperset isdisjoint bit_length as_integer_ratio hex astype nbytes"
)
"""Methods that leave their object and their arguments as they are, on any object not of a session's own class."""
CHANGING_METHODS = _words(
    "append extend insert pop remove clear update setdefault sort reverse add discard appendleft popleft backward step "
    "zero_grad train eval load_state_dict write put register_buffer register_parameter add_module"
)
"""Methods that are there to change their object."""
FRESH_METHODS = _words(
    "item tolist size dim numel ndimension is_contiguous element_size nelement stride equal data_ptr"
)
FRESH_ATTRIBUTES = _words("shape dtype device ndim requires_grad is_leaf itemsize is_cuda is_mps layout __name__")
"""What they give shares nothing with the object."""
DRAWING_METHODS = _words(
    "normal_ uniform_ random_ bernoulli bernoulli_ multinomial exponential_ geometric_ cauchy_ log_normal_ dropout "
    "rsample sample rrelu rrelu_"
)
SCOPED = frozenset({"torch.no_grad", "torch.enable_grad", "torch.inference_mode", "contextlib.nullcontext"})
"""Context managers that end with their block and lose no exception."""
DECORATORS = frozenset(
    {"torch.no_grad", "torch.inference_mode", "dataclasses.dataclass", "functools.wraps", "functools.cache"}
    | {"functools.lru_cache", "functools.total_ordering", "contextlib.contextmanager", "abc.abstractmethod"}
)


def importable(module: str) -> bool:
    """Whether importing a module changes nothing that a snippet could see, and its names are listed here.

    Not ``__future__``: what is imported from it holds for the rest of the session.
    """
    return module in _STDLIB or module.partition(".")[0] in ("torch", "numpy", "random")


def effects(name: str) -> tuple[int, bool]:
    """What calling a dotted name may do, as flags, and whether it may also keep or change its arguments.

    ``ANYTHING`` for what is not listed.
    """
    root, _, rest = name.partition(".")
    if name in _FILES:
        return FILES, False
    if root == "torch":
        return _torch(name, rest)
    if root == "numpy":
        if rest.startswith("random."):
            drawn = rest[7:] in _NUMPY_DRAWS or rest == "random.seed"
            return (NUMPY_RANDOM if drawn else 0 if rest == "random.default_rng" else ANYTHING), drawn
        return (0 if rest in _NUMPY else ANYTHING), False
    if root == "random" and rest in _PYTHON_DRAWS | {"seed"}:
        return PYTHON_RANDOM, True
    module, _, last = name.rpartition(".")
    while module and module not in _STDLIB:
        module, _, head = module.rpartition(".")
        last = f"{head}.{last}"
    if not module or last not in (_STDLIB[module] or {last}):
        return ANYTHING, False
    return 0, module in _KEEPERS


def _torch(name: str, rest: str) -> tuple[int, bool]:
    if rest in _TORCH:
        return 0, False
    if rest in _TORCH_CALLERS:
        return 0, True
    if name in SEEDS or rest in _TORCH_DRAWS:
        return TORCH_RANDOM, rest == "utils.data.random_split"
    if rest.startswith("nn.functional."):
        return (0 if rest[14:] in _FUNCTIONAL else ANYTHING), False
    if rest.startswith("nn.init.") or rest in ("nn.utils.clip_grad_norm_", "nn.utils.clip_grad_value_"):
        return TORCH_RANDOM, True
    last = rest.rpartition(".")[2]
    if name.startswith(_TORCH_OBJECTS) and last[:1].isupper() and "parallel" not in name.lower():
        return TORCH_RANDOM, True
    return (0 if rest in ("Tensor", "FloatTensor", "LongTensor", "autograd.Function") else ANYTHING), False


def drawn_by(name: str) -> int:
    """The generators that an object made by a dotted name may draw from when it is used."""
    if name.startswith("torch."):
        return TORCH_RANDOM
    return NUMPY_RANDOM if name.startswith("numpy.random") else 0
