"""The same trainings for models with `adapter`: what is trained, and all that a checkpoint holds, is a low-rank update.

inputs   as train_intermediate and finetune_target; where these take weights, a checkpoint's are its adapter
outputs  results/{collection}/intermediate/{model}/{source}/seed{seed}/
         results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/

There is no config.json among them: beside one, transformers would look for the whole model in the folder.
"""


use rule train_intermediate as train_intermediate_adapter with:
    output:
        adapter="results/{collection}/intermediate/{model}/{source}/seed{seed}/adapter_model.safetensors",
        head="results/{collection}/intermediate/{model}/{source}/seed{seed}/head.safetensors",
        config="results/{collection}/intermediate/{model}/{source}/seed{seed}/adapter_config.json",
        tokenizer="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer.json",
        tokenizer_config="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer_config.json",
        card="results/{collection}/intermediate/{model}/{source}/seed{seed}/README.md",
        run="results/{collection}/intermediate/{model}/{source}/seed{seed}/run.json",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if STUDY.has_adapter(model)),


use rule finetune_target as finetune_target_adapter with:
    output:
        adapter="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/adapter_model.safetensors",
        head="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/head.safetensors",
        config="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/adapter_config.json",
        tokenizer="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/tokenizer.json",
        tokenizer_config="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/tokenizer_config.json",
        card="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/README.md",
        run="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/run.json",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if STUDY.has_adapter(model)),
