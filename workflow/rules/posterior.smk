"""Posteriors over the parameters of families of models, in the environment of BayesFlow.

Its programs are in workflow/bayesflow. They know nothing of the library, and only files pass
between the two. Nothing else needs that environment.
"""


rule posterior:
    """Posteriors and their figures, of every entry of `posteriors`."""
    input:
        whole([*plan.posteriors.made, *drawn(plan.posteriors.figures)]),


# On the submitting host: compute nodes have no network.
localrules:
    posterior,
    bayesflow_env,


rule bayesflow_env:
    """Environment of envs/bayesflow.lock.txt, built once; its marker is written last."""

    # Neither input nor param nor benchmark: the digest in its name says when it is another.
    output:
        plan.bayesflow.marker,
    log:
        "results/logs/bayesflow_env/bayesflow_env.log",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(500),
        runtime=more(30),
    script:
        "../scripts/bayesflow_env.py"


rule infer_posterior:
    """Parameters of every family given one recording, with calibration on runs left out."""
    input:
        unpack(paths(plan.posteriors.inputs)),
        environment=ancient(plan.bayesflow.marker),
    output:
        posterior="results/posterior/{posterior}.nc",
    log:
        "results/logs/infer_posterior/{posterior}.log",
    benchmark:
        "results/benchmarks/infer_posterior/{posterior}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(120),
    params:
        python=plan.bayesflow.python,
        options=plan.posteriors.options,
        variants=plan.posteriors.variants,
        axes=plan.posteriors.axes,
        seed=study.config.seed,
        program=plan.bayesflow.digest("posterior"),
        source=code("infer_posterior"),
    script:
        "../scripts/infer_posterior.py"
