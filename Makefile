# make demo, make test: each makes the environment it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/demo

DATA ?= ../shared/data
SPIKINGJELLY := .venvs/spikingjelly
LOIHI := .venvs/loihi
WITNESS := .venvs/witness
PEERS := .venvs/training

.PHONY: demo test test-outside test-oracle test-witness test-mutations lint docs reproduce-isbi reproduce-chip reproduce-two-chips reproduce-kim2022 bench-conversion bench-emulator bench-training bench-gpu bench-isa bench-placement bench-ledger clean
.DEFAULT_GOAL := demo

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev,docs]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/spikeseg demo --out $(RUN) --overwrite

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n 2

# Networks of torchvision, segmentation-models-pytorch and MONAI, in an environment of their own.
OUTSIDE := .venvs/outside
$(OUTSIDE)/.installed: pyproject.toml constraints.txt environments/outside.txt
	$(PYTHON) -m venv $(OUTSIDE)
	$(OUTSIDE)/bin/pip install --quiet -c constraints.txt torch
	$(OUTSIDE)/bin/pip install --quiet -c constraints.txt -r environments/outside.txt -e . pytest
	touch $@

test-outside: $(OUTSIDE)/.installed
	$(OUTSIDE)/bin/pytest tests_outside

# nengo-loihi, the reference of the chip emulation, in an environment of its own; its plugin for
# pytest is older than pytest, so it is left out.
$(LOIHI)/.installed: pyproject.toml environments/loihi.txt
	python3.11 -m venv $(LOIHI)
	$(LOIHI)/bin/pip install --quiet -r environments/loihi.txt
	$(LOIHI)/bin/pip install --quiet --no-deps -e .
	touch $@

test-oracle: $(LOIHI)/.installed
	$(LOIHI)/bin/python -m pytest -p no:nengo tests_oracle

# SANA-FE (GPL) and NeuroBench, whose counts ours must equal, in an environment of their own. Of our
# package they see the chip, graph, emulation and export, which need torch and Numba only.
$(WITNESS)/.installed: pyproject.toml constraints.txt environments/witness.txt
	$(PYTHON) -m venv $(WITNESS)
	$(WITNESS)/bin/pip install --quiet -c constraints.txt torch
	$(WITNESS)/bin/pip install --quiet -c constraints.txt -r environments/witness.txt
	$(WITNESS)/bin/pip install --quiet --no-deps -e .
	touch $@

test-witness: $(WITNESS)/.installed
	$(WITNESS)/bin/python -m pytest tests_witness

# Deliberate mistakes in a copy of the sources, each of which a test must notice; about seven minutes on
# one core. Writes results/mutations.json and the table in docs/chip-exactness.md.
test-mutations: $(VENV)/.installed
	$(BIN)/python -m tests_mutations

docs: $(VENV)/.installed
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

# About 25 minutes on two cores; keeps the figures that README.md quotes.
reproduce-isbi: $(VENV)/.installed
	$(BIN)/spikeseg run configs/isbi-unet.yaml --data.root $(DATA)/isbi2012 --out runs/isbi --overwrite
	cp runs/isbi/metrics.json results/isbi-unet.json

# The same network on a chip, trained through its integers; about 15 minutes more on two cores.
reproduce-chip: $(VENV)/.installed
	test -f runs/isbi/metrics.json || $(MAKE) reproduce-isbi
	$(BIN)/spikeseg compile runs/isbi --chip.name loihi1 --chip.num_steps 32 --chip.output_tau 8 \
	  --chip.batches 150 --chip.learning_rate 1e-4
	$(BIN)/spikeseg emulate runs/isbi
	cp runs/isbi/metrics.json results/isbi-chip.json

# A U-Net of 238 K neurons on two chips, with its energy; and the same with twice the firing rates. About 10
# minutes each on two cores.
TWO := $(BIN)/spikeseg run configs/isbi-two-chips.yaml --data.root $(DATA)/isbi2012 --overwrite
STEPS := --steps 16 24 32 48 64
reproduce-two-chips: $(VENV)/.installed
	$(TWO) --out runs/two-chips
	$(BIN)/spikeseg energy runs/two-chips $(STEPS)
	$(TWO) --out runs/band-100-400 --training.regularizer.min_hz 100 --training.regularizer.max_hz 400
	$(BIN)/spikeseg energy runs/band-100-400 $(STEPS)
	$(BIN)/spikeseg report runs/two-chips --beside runs/band-100-400
	$(BIN)/python -m benchmarks.energy.summarize runs/two-chips runs/band-100-400 \
	  --out results/two-chips.json

$(SPIKINGJELLY)/.installed: pyproject.toml constraints.txt environments/spikingjelly.txt
	$(PYTHON) -m venv $(SPIKINGJELLY)
	$(SPIKINGJELLY)/bin/pip install --quiet -c constraints.txt torch
	$(SPIKINGJELLY)/bin/pip install --quiet --no-deps -r environments/spikingjelly.txt
	$(SPIKINGJELLY)/bin/pip install --quiet -c constraints.txt -e . pytest
	touch $@

# Our recipes and SpikingJelly's on the same networks, images and counter; about two hours on two
# cores, and it goes on where it was interrupted. Networks are trained if runs/ does not hold them.
bench-conversion: $(VENV)/.installed $(SPIKINGJELLY)/.installed
	$(SPIKINGJELLY)/bin/python -m pytest benchmarks/conversion
	test -f runs/demo/graph.npz || $(BIN)/spikeseg demo --out runs/demo
	test -f runs/isbi/graph.npz || $(BIN)/spikeseg run configs/isbi-unet.yaml --data.root $(DATA)/isbi2012 --out runs/isbi
	for set in demo isbi; do \
	  $(BIN)/python -m benchmarks.conversion.measure_own runs/$$set --out runs/$$set-own.json --resume && \
	  $(SPIKINGJELLY)/bin/python -m benchmarks.conversion.measure_rivals runs/$$set --out runs/$$set-rivals.json --resume \
	  || exit 1; done
	$(BIN)/python -m benchmarks.conversion.summarize \
	  cells runs/demo-own.json runs/demo-rivals.json isbi2012 runs/isbi-own.json runs/isbi-rivals.json \
	  --out results/conversion.json --picture docs/images/conversion.png

# Our emulator and nengo-loihi's by turns, the same integers; about 25 minutes.
bench-emulator: $(VENV)/.installed $(LOIHI)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.emulator.measure --peer $(LOIHI)/bin/python \
	  --out results/emulator.json --picture docs/images/emulator.png

# SpikingJelly, snnTorch, Norse, sinabs and OpenVINO beside us. The four ask for torchvision, torchaudio,
# samna and different versions of nir, none of which the measured parts use: installed with --no-deps.
$(PEERS)/.installed: pyproject.toml constraints.txt environments/training-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet -c constraints.txt torch
	$(PEERS)/bin/pip install --quiet --no-deps -c constraints.txt -r environments/training-peers.txt
	$(PEERS)/bin/pip install --quiet -c constraints.txt -e '.[onnx]' h5py pytest
	touch $@

# Training and inference of a spiking U-Net, everybody by turns; about 25 minutes on two quiet cores
# (torch.compile needs a C++ compiler). Goes on where it was interrupted; remove the result to begin anew.
bench-training: $(PEERS)/.installed
	$(PEERS)/bin/python -m pytest benchmarks/training
	$(PEERS)/bin/python -m benchmarks.training.measure --resume --rounds 3 \
	  --out runs/bench-training/training.json --picture docs/images/training.png
	cp runs/bench-training/training.json results/training.json

# On a GPU, beside SpikingJelly's kernels and its plain neuron. In an environment whose torch knows that GPU.
bench-gpu: $(PEERS)/.installed
	$(PEERS)/bin/python -m benchmarks.training.gpu --out results/gpu.json

# What is picked where oneDNN may use fewer instructions, beside the naive loop; four minutes.
bench-isa: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.training.isa --out results/isa.json

# The comparison of Kim et al. 2022, sized for a processor: a network, its conversions, and its twin that
# is trained through its spikes, on digits, events and VOC2012; about an hour of two cores, with -j2. What is
# there is not made again. In full, for those with the data and a GPU: the options that the files in configs/ name.
KIM := cifar-mnist moving-shapes summed-frames voc2012
RUN_cifar-mnist := configs/cifar-mnist.yaml --data.root $(DATA)
RUN_moving-shapes := configs/moving-shapes.yaml
RUN_summed-frames := configs/moving-shapes.yaml --data.event_view frame --data.event_steps null --direct null
RUN_voc2012 := configs/voc2012.yaml --data.root $(DATA)/voc2012
reproduce-kim2022: $(KIM:%=runs/%/kim2022.json)
	$(BIN)/python -m benchmarks.kim2022.summarize $(foreach run,$(KIM),$(run)=runs/$(run)) \
	  --out results/kim2022.json --picture docs/images/kim2022.png

$(KIM:%=runs/%/report.html): runs/%/report.html: | $(VENV)/.installed
	$(BIN)/spikeseg run $(RUN_$*) --out runs/$* --overwrite

$(KIM:%=runs/%/kim2022.json): runs/%/kim2022.json: runs/%/report.html
	test $* = summed-frames || { $(BIN)/spikeseg diagnose runs/$* && \
	  $(BIN)/spikeseg robustness runs/$* --images 20 && $(BIN)/spikeseg report runs/$*; }
	$(BIN)/python -m benchmarks.kim2022.measure runs/$* --out $@ \
	  --only ann direct $(if $(filter-out summed-frames,$*),converted)

# Every partitioner on U-Nets of 2 to 32 chips; some minutes.
bench-placement: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.placement.measure \
	  --out results/placement.json --picture docs/images/placement.png

# What the count pass costs beside emulation, and whether its operations are those delivered; a minute.
bench-ledger: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.energy.count_pass --out results/ledger.json

clean:
	rm -rf $(VENV) .venvs docs/_build runs
