// Random streams of what augmentation draws on the host, apart from those of models.

export const MIXUP_STREAM = 0x7ffe0000;
export const OVERLAY_STREAM = 0x7ffe0001;
