"""What AllenSDK provides, in an environment of its own: the catalogue, addresses, second readings.

Its programs are in workflow/allensdk. They run on Python 3.11, know nothing of the library, and say
what went wrong in the last line of their log.
"""


localrules:
    allensdk_env,


rule allensdk_env:
    """Environment of envs/allensdk.lock.txt, built once; its marker is written last."""
    output:
        plan.allensdk.marker,
    log:
        "logs/allensdk_env/allensdk_env.log",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=15,
    script:
        "../scripts/allensdk_env.py"
