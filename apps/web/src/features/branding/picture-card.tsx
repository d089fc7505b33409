import type { Upload, UploadKind } from '@proxpanel/contracts/uploads';
import { useId, useRef, useState } from 'react';
import { toast } from 'sonner';
import { shownFault } from '../../api/faults.ts';
import { pictureAddress, usePicture, usePutUpload, useRemoveUpload } from '../../api/uploads.ts';
import { useWrites } from '../../api/writes.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { FormFault } from '../../ui/form-fault.tsx';
import { bytesText, dateTimeText } from '../../ui/format.ts';
import { RemoveDialog } from '../../ui/remove-dialog.tsx';
import { WriteButton } from '../../ui/write-button.tsx';
import { acceptedTypes, limitsText, previewOf, refusalOf } from './picture-file.ts';

interface PictureCardProps {
  kind: UploadKind;
  title: string;
  explanation: string;
}

interface Chosen {
  file: File;
  preview: string;
}

const pictureClass = 'max-h-40 max-w-full rounded-md border border-line bg-sunken object-contain';

/** One picture: what it is now, another one with a look at it before it is sent, and its removal. */
export function PictureCard({ kind, title, explanation }: PictureCardProps) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [isRemoving, setIsRemoving] = useState(false);
  const { reasons } = useWrites();
  const picture = usePicture(kind);
  const put = usePutUpload(() => {
    toast.success(`${title}: the new picture is shown from now on.`);
    setChosen(null);
  });
  return (
    <Card title={title}>
      <div className="flex flex-col gap-4">
        <p className="text-muted">{explanation}</p>
        <Present picture={picture} title={title} />
        <FileChoice
          label={`Choose a picture for ${title.toLowerCase()}`}
          isShut={reasons.length > 0}
          onChoose={(next) => {
            put.reset();
            setChosen(next);
          }}
        />
        {chosen === null ? null : <Preview chosen={chosen} />}
        <FormFault fault={shownFault(put.error)} />
        <div className="flex flex-wrap gap-2">
          <WriteButton
            kind="primary"
            busy={put.isPending}
            reasons={chosen === null ? [...reasons, 'Choose a picture first.'] : reasons}
            onClick={() => {
              if (chosen !== null) put.mutate({ kind, file: chosen.file });
            }}
          >
            Upload <span className="sr-only">{title}</span>
          </WriteButton>
          {chosen === null ? null : (
            <Button
              onClick={() => {
                setChosen(null);
              }}
            >
              Put it away
            </Button>
          )}
          {picture === null ? null : (
            <WriteButton
              reasons={reasons}
              onClick={() => {
                setIsRemoving(true);
              }}
            >
              Remove <span className="sr-only">{title}</span>
            </WriteButton>
          )}
        </div>
      </div>
      {isRemoving ? (
        <RemovePicture
          kind={kind}
          title={title}
          onClose={() => {
            setIsRemoving(false);
          }}
        />
      ) : null}
    </Card>
  );
}

function Present({ picture, title }: { picture: Upload | null; title: string }) {
  if (picture === null) return <p>There is none.</p>;
  return (
    <figure className="flex flex-col items-start gap-1">
      <img src={pictureAddress(picture)} alt={`${title} as it is now`} className={pictureClass} />
      <figcaption className="text-sm text-muted">
        {bytesText(picture.size_bytes)}, uploaded {dateTimeText(picture.uploaded_at)}
      </figcaption>
    </figure>
  );
}

function Preview({ chosen: { file, preview } }: { chosen: Chosen }) {
  return (
    <figure className="flex flex-col items-start gap-1">
      <img src={preview} alt={`Preview of ${file.name}`} className={pictureClass} />
      <figcaption className="text-sm break-all text-muted">
        {file.name}, {bytesText(file.size)}; not uploaded yet
      </figcaption>
    </figure>
  );
}

interface FileChoiceProps {
  label: string;
  /** Nothing may be changed now. */
  isShut: boolean;
  onChoose: (chosen: Chosen | null) => void;
}

function FileChoice({ label, isShut, onChoose }: FileChoiceProps) {
  const id = useId();
  const [refusal, setRefusal] = useState<string | null>(null);
  const newest = useRef<File | null>(null);
  const choose = async (file: File | null): Promise<void> => {
    newest.current = file;
    onChoose(null);
    setRefusal(file === null ? null : refusalOf(file));
    if (file === null || refusalOf(file) !== null) return;
    const preview = await previewOf(file);
    // Meanwhile another one may have been chosen.
    if (newest.current === file) onChoose({ file, preview });
  };
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        type="file"
        accept={acceptedTypes}
        disabled={isShut}
        aria-describedby={`${id}-hint`}
        aria-invalid={refusal === null ? undefined : true}
        className="w-full max-w-md text-sm file:mr-3 file:min-h-9 file:rounded-md file:border file:border-line-strong file:bg-surface file:px-3.5 file:font-medium file:text-ink disabled:text-muted"
        onChange={(event) => {
          const input = event.currentTarget;
          choose(input.files?.[0] ?? null).catch((error: unknown) => {
            setRefusal(error instanceof Error ? error.message : String(error));
          });
        }}
      />
      <p id={`${id}-hint`} className="text-sm text-muted">
        {limitsText}
      </p>
      {refusal === null ? null : <Failure sentence={refusal} />}
    </div>
  );
}

function RemovePicture({ kind, title, onClose }: { kind: UploadKind; title: string; onClose: () => void }) {
  const { reasons } = useWrites();
  const remove = useRemoveUpload(() => {
    toast.success(`${title}: the picture is removed.`);
    onClose();
  });
  return (
    <RemoveDialog
      what={title.toLowerCase()}
      description="The panel then looks as it did without a picture."
      busy={remove.isPending}
      reasons={reasons}
      fault={shownFault(remove.error)}
      onRemove={() => {
        remove.mutate(kind);
      }}
      onClose={onClose}
    />
  );
}
