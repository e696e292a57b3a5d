"""The values that a configuration gives to the parameters of a projection's rules."""

from spikedrift.config.base import repeated
from spikedrift.config.networks import ExcitatoryPlasticity, Plasticity
from spikedrift.core.errors import InputError, unknown
from spikedrift.plasticity import registry


def chosen(options: Plasticity, where: str) -> dict[str, dict[str, float]]:
    """Return rule -> parameter -> value, in the order in which the rules are named.

    Parameters
    ----------
    options : Plasticity
    where : str
        Begins the message of an error: the projection's key.

    Raises
    ------
    InputError
        For a rule, a set or a parameter that is not there, and for a rule that is named twice.
    """
    if not options.rule and (options.set or isinstance(options.parameters, tuple)):
        raise InputError(f"{where}: a set or a vector of parameters without a rule; name the rule")
    named = options.parameters if isinstance(options.parameters, dict) else {}
    found = {}
    try:
        if twice := repeated(options.rules):
            raise InputError(f"{twice[1]} cannot act on one projection twice")
        rules = [registry.declared(name) for name in options.rules]
        known = {parameter.name for rule in rules for parameter in rule.parameters}
        for key in named:
            if key not in known:
                raise unknown("unknown parameter", key, known)
        for rule in rules:
            own = {p.name: named[p.name] for p in rule.parameters if p.name in named}
            if rule.name != options.rule:
                found[rule.name] = rule.values("", own)
                continue
            if rule.rate in own:
                raise InputError(f"{rule.rate} is the projection's key eta; give it there")
            found[rule.name] = rule.values(options.set, own if named else options.parameters)
            if rule.rate:
                found[rule.name][rule.rate] = options.eta
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if isinstance(options, ExcitatoryPlasticity):
        found["weight_noise"]["noise"] = options.noise
    return found
