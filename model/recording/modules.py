"""Which module is running: found on the call stack, so that no model needs a hook."""

from dataclasses import dataclass
from types import FrameType

import torch
from torch import nn

CALL = nn.Module._call_impl.__code__  # what runs a module's forward, around its hooks
ORIGINAL = "_orig_mod"  # where torch.compile keeps the module that it has compiled


@dataclass(frozen=True)
class Place:
    """Where in a model an attention is computed."""

    name: str  # dotted path below the root; "" if it is the root, or if none was running
    module: str  # the class of the innermost module that is running
    root: str  # that of the outermost
    modules: tuple[nn.Module, ...] = ()  # all that are running, the innermost first
    is_compiled: bool = False  # whether compiled code runs here when nobody records

    @property
    def title(self) -> str:
        """Return the path with the root's class in front."""
        return title_of(self.root, self.name)


def title_of(root: str, name: str) -> str:
    """Return a module's path with the root's class in front; "" where no module was running."""
    return ".".join(part for part in (root, name) if part)


class ModuleNames:
    """The names of the modules of all models that have run, below their roots.

    Args:
        scripted: gets the names of TorchScript's modules, inside which nothing is seen.
    """

    def __init__(self, scripted: dict[str, None]) -> None:
        self._names: dict[int, dict[int, str]] = {}  # by identity: a module may define equality
        self._roots: list[nn.Module] = []  # kept, so that none of their identities is used again
        self._scripted = scripted

    def place(self, frame: FrameType | None) -> Place:
        """Return the place in which a frame of the call stack is."""
        modules, is_compiled = running_modules(frame)
        named = [module for module in modules if not _is_compiled(module)]
        if not named:
            return Place("", "", "", is_compiled=is_compiled)
        names = self._names_below(named[-1])
        path: list[str] = []
        for module in named:
            if id(module) in names:
                path.append(names[id(module)])
                break
            path.append(f"<{type(module).__name__}>")  # held in a list, say, not registered
        return Place(
            ".".join(part for part in reversed(path) if part),
            type(named[0]).__name__,
            type(named[-1]).__name__,
            tuple(named),
            is_compiled,
        )

    def _names_below(self, root: nn.Module) -> dict[int, str]:
        if id(root) not in self._names:
            self._roots.append(root)
            self._names[id(root)] = {
                id(module): ".".join(part for part in name.split(".") if part != ORIGINAL)
                for name, module in root.named_modules()
            }
            for name, module in root.named_children():
                self._find_scripted(f"{type(root).__name__}.{name}", module)
        return self._names[id(root)]

    def _find_scripted(self, title: str, module: nn.Module) -> None:
        """Take the outermost modules of TorchScript."""
        if isinstance(module, torch.jit.ScriptModule):
            self._scripted[title] = None
            return
        for name, child in module.named_children():
            self._find_scripted(f"{title}.{name}", child)


def running_modules(frame: FrameType | None) -> tuple[list[nn.Module], bool]:
    """Return the modules whose forward is running, the innermost first, and whether compiled.

    Args:
        frame: the innermost that counts.
    """
    modules: list[nn.Module] = []
    is_compiled = False
    while frame is not None:
        code, caller = frame.f_code, frame.f_back
        module = None
        if code is CALL:
            module = frame.f_locals["self"]
        elif code.co_name == "forward" and code.co_argcount and not _is_called_by_module(caller):
            module = frame.f_locals.get(code.co_varnames[0])  # model.forward(x), by itself
        elif code.co_name == "compile_wrapper" and code.co_filename.endswith("eval_frame.py"):
            is_compiled = True
        if isinstance(module, nn.Module) and not (modules and modules[-1] is module):
            modules.append(module)
        frame = caller
    return modules, is_compiled or any(map(_is_compiled, modules))


def _is_compiled(module: nn.Module) -> bool:
    """Whether it is what torch.compile made of another."""
    return ORIGINAL in module._modules


def _is_called_by_module(caller: FrameType | None) -> bool:
    """Whether a frame is of nn.Module's own code, which then says which module it is."""
    return caller is not None and caller.f_code.co_filename == CALL.co_filename
