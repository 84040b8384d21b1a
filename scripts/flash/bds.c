/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bds.c: OVMF's last phase (boot device selection, PI 1.7A volume 2, 12.2) when there is nothing to select:
 * it makes the platform ready as OVMF's own BDS would and starts the Linux that stands beside it in flash.
 *
 * It never waits for anybody. What goes wrong is said on the serial line and on QEMU's debug port, then the
 * machine is reset; the firmware's watchdog does the same should anything hang before Linux has taken the
 * machine over. */

#include "efi.h"
#include "layout.h"

#define COM1          0x3f8
#define UART_DATA     (COM1 + 0)
#define UART_IER      (COM1 + 1)
#define UART_FCR      (COM1 + 2)
#define UART_LCR      (COM1 + 3)
#define UART_MCR      (COM1 + 4)
#define UART_LSR      (COM1 + 5)
#define UART_LCR_DLAB 0x80
#define UART_LCR_8N1  0x03
#define UART_LSR_THRE 0x20

#define QEMU_DEBUG_PORT 0x402
#define RESET_CONTROL   0xcf9 /* ICH9 13.7.5 RST_CNT */

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA    0xcfc

/* As UEFI 3.1.2 has it for a boot option. ExitBootServices() ends it, that is Linux's EFI stub. */
#define WATCHDOG_SECONDS 300

/* Long enough to read the reason, and no reset storm on the machine's log. */
#define FAILURE_USEC 3000000

static efi_handle_t self_handle;
static struct efi_system_table *system_table;
static struct efi_boot_services *boot;

/* What the compiler may call by itself. */
void *memcpy(void *restrict destination, const void *restrict source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
        void *d = destination;

        __asm__ volatile("rep movsb" : "+D"(d), "+S"(source), "+c"(size) : : "memory");
        return destination;
}

void *memset(void *destination, int value, size_t size) {
        void *d = destination;

        __asm__ volatile("rep stosb" : "+D"(d), "+c"(size) : "a"(value) : "memory");
        return destination;
}

int memcmp(const void *a, const void *b, size_t size) {
        const volatile uint8_t *p = a, *q = b;

        for (; size > 0; size--, p++, q++)
                if (*p != *q)
                        return *p < *q ? -1 : 1;

        return 0;
}

static void out8(uint16_t port, uint8_t value) {
        __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port) {
        uint8_t value;

        __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
        return value;
}

static void out32(uint16_t port, uint32_t value) {
        __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port) {
        uint32_t value;

        __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
        return value;
}

/* 115200 baud, 8N1, no interrupts: what Linux's console=ttyS0,115200 takes over. */
static void serial_init(void) {
        out8(UART_IER, 0);
        out8(UART_LCR, UART_LCR_DLAB | UART_LCR_8N1);
        out8(UART_DATA, 1);
        out8(UART_IER, 0);
        out8(UART_LCR, UART_LCR_8N1);
        out8(UART_FCR, 0x07);
        out8(UART_MCR, 0x03);
}

static void print_char(char c) {
        /* Bounded: a board without this port reads all ones, one with a stuck UART must not stop us. */
        for (unsigned i = 0; i < 100000 && !(in8(UART_LSR) & UART_LSR_THRE); i++)
                ;

        out8(UART_DATA, (uint8_t) c);
        out8(QEMU_DEBUG_PORT, (uint8_t) c);
}

static void print(const char *text) {
        for (; *text; text++) {
                if (*text == '\n')
                        print_char('\r');
                print_char(*text);
        }
}

static void print_number(uint64_t value) {
        char digits[21];
        size_t i = sizeof(digits) - 1;

        digits[i] = 0;
        do {
                digits[--i] = (char) ('0' + value % 10);
                value /= 10;
        } while (value > 0);

        print(&digits[i]);
}

static void print_megabytes(uint64_t bytes) {
        uint64_t tenths = (bytes + 50000) / 100000;

        print_number(tenths / 10);
        print(".");
        print_number(tenths % 10);
        print(" MB");
}

/* Says why (status by its number in UEFI, appendix D; 0: the reason says it all) and resets. */
static _Noreturn void fail(const char *reason, efi_status_t status) {
        print("seatrial flash: ");
        print(reason);
        if (status != EFI_SUCCESS) {
                print(": EFI error ");
                print_number(status & ~EFI_ERROR(0));
        }
        print(", resetting\n");

        boot->stall(FAILURE_USEC);
        system_table->runtime->reset_system(EFI_RESET_COLD, EFI_SUCCESS, 0, NULL);

        /* By specification that does not return; where it does all the same, the chipset resets. */
        for (;;)
                out8(RESET_CONTROL, 0x0e);
}

/* Signals an event group, as edk2's EfiEventGroupSignal() does. */
static void signal_nothing(efi_event_t event, void *context) {
        (void) event;
        (void) context;
}

static void signal_group(const struct guid *group) {
        efi_event_t event;
        efi_status_t status;

        status = boot->create_event_ex(EFI_EVENT_NOTIFY_SIGNAL, EFI_TPL_CALLBACK, signal_nothing, NULL, group,
                                       &event);
        if (status == EFI_SUCCESS)
                status = boot->signal_event(event);
        if (status != EFI_SUCCESS)
                fail("cannot signal an event group", status);

        boot->close_event(event);
}

/* The name that Linux prints as the firmware's vendor. The table's checksum covers the pointer. */
static void set_firmware_vendor(void) {
        static const efi_char16_t vendor[] = u"seatrial on EDK II";
        struct efi_table_header *header = &system_table->header;
        efi_status_t status;
        void *copy;

        status = boot->allocate_pool(EFI_RUNTIME_SERVICES_DATA, sizeof(vendor), &copy);
        if (status != EFI_SUCCESS)
                fail("no memory for the vendor's name", status);

        memcpy(copy, vendor, sizeof(vendor));
        system_table->firmware_vendor = copy;
        header->crc32 = 0;
        boot->calculate_crc32(system_table, header->header_size, &header->crc32);
}

/* Not recursive: PCI gets enumerated and its resources assigned; driving the devices is Linux's part. */
static void connect_root_bridges(void) {
        efi_handle_t *handles;
        efi_uintn_t count;
        efi_status_t status;

        status = boot->locate_handle_buffer(EFI_LOCATE_BY_PROTOCOL, &efi_pci_root_bridge_guid, NULL, &count,
                                            &handles);
        if (status != EFI_SUCCESS)
                fail("no PCI root bridge", status);

        for (efi_uintn_t i = 0; i < count; i++) {
                status = boot->connect_controller(handles[i], NULL, NULL, false);
                if (status != EFI_SUCCESS)
                        fail("cannot connect a PCI root bridge", status);
        }

        boot->free_pool(handles);
}

static uint32_t pci_read(uint8_t device, uint8_t function, uint8_t offset) {
        out32(PCI_CONFIG_ADDRESS, 1U << 31 | (uint32_t) device << 11 | (uint32_t) function << 8 | offset);
        return in32(PCI_CONFIG_DATA);
}

static void pci_write(uint8_t device, uint8_t function, uint8_t offset, uint32_t value) {
        out32(PCI_CONFIG_ADDRESS, 1U << 31 | (uint32_t) device << 11 | (uint32_t) function << 8 | offset);
        out32(PCI_CONFIG_DATA, value);
}

/* q35's ICH9 (Intel 316972-004), as OVMF's PlatformBootManagerLib leaves it: PCI interrupts A to H on IRQ 10
 * and 11, which QEMU's ACPI tables expect, and power management events as SCI, without which Linux sees no
 * ACPI. */
static void ich9_init(void) {
        enum {
                LPC = 0x1f,
                ID = 0x00,
                PMBASE = 0x40,
                PIRQA_ROUT = 0x60,
                PIRQE_ROUT = 0x68,
                PM1_CNT = 0x04,
                SCI_EN = 1
        };
        uint16_t pm;

        if (pci_read(LPC, 0, ID) != 0x29188086)
                fail("this is no q35 machine (no ICH9 at 00:1f.0)", EFI_SUCCESS);

        pci_write(LPC, 0, PIRQA_ROUT, 0x0b0b0a0a);
        pci_write(LPC, 0, PIRQE_ROUT, 0x0b0b0a0a);

        pm = pci_read(LPC, 0, PMBASE) & 0xff80;
        if (pm == 0)
                fail("the firmware has set no ACPI base address", EFI_SUCCESS);

        out32(pm + PM1_CNT, in32(pm + PM1_CNT) | SCI_EN);
}

static void platform_init(void) {
        efi_handle_t handle = NULL;
        efi_status_t status;

        connect_root_bridges();
        ich9_init();
        signal_group(&ovmf_root_bridges_connected_guid);
        signal_group(&efi_end_of_dxe_guid);

        status = boot->install_protocol_interface(&handle, &efi_smm_ready_to_lock_guid, EFI_NATIVE_INTERFACE,
                                                  NULL);
        if (status != EFI_SUCCESS)
                fail("cannot lock the platform", status);

        signal_group(&efi_ready_to_boot_guid);
}

/* The section that matters of one file in the payload; the file must be whole and unbroken. */
static struct ffs_section payload_find(const struct guid *name, enum ffs_section_type type,
                                       const char *otherwise) {
        struct ffs_volume volume;
        struct ffs_section section;
        struct ffs_file file;

        if (ffs_volume_open((const void *) FLASH_BASE, PAYLOAD_SIZE, &volume) != FFS_OK)
                fail("no payload volume in flash", EFI_SUCCESS);

        if (ffs_file_find(&volume, name, &file) != FFS_OK || ffs_file_check(&file) != FFS_OK ||
            ffs_section_find(&file, type, &section) != FFS_OK || section.size == 0)
                fail(otherwise, EFI_SUCCESS);

        return section;
}

/* Hands the initramfs to Linux's EFI stub: LoadFile2 on a device path that it knows. */
static struct ffs_section initramfs;

static efi_status_t initramfs_load(struct efi_load_file2 *self, const void *path, bool boot_policy,
                                   efi_uintn_t *size, void *buffer) {
        (void) path;

        if (!self || !size)
                return EFI_INVALID_PARAMETER;
        if (boot_policy)
                return EFI_UNSUPPORTED;

        if (!buffer || *size < initramfs.size) {
                *size = initramfs.size;
                return EFI_BUFFER_TOO_SMALL;
        }

        memcpy(buffer, initramfs.data, initramfs.size);
        *size = initramfs.size;
        return EFI_SUCCESS;
}

static void initramfs_publish(void) {
        static struct efi_load_file2 load_file2 = {initramfs_load};
        static struct {
                struct efi_media_path vendor;
                struct efi_device_path end;
        } path = {EFI_MEDIA_PATH(EFI_MEDIA_VENDOR, LINUX_INITRD_GUID), EFI_END_PATH};
        efi_handle_t handle = NULL;
        efi_status_t status;

        status =
                boot->install_protocol_interface(&handle, &efi_device_path_guid, EFI_NATIVE_INTERFACE, &path);
        if (status == EFI_SUCCESS)
                status = boot->install_protocol_interface(&handle, &efi_load_file2_guid, EFI_NATIVE_INTERFACE,
                                                          &load_file2);
        if (status != EFI_SUCCESS)
                fail("cannot offer the initramfs to Linux", status);
}

/* The kernel's command line, bytes in flash, UTF-16 for the EFI stub. */
static void set_load_options(efi_handle_t image, const struct ffs_section *cmdline) {
        struct efi_loaded_image *loaded;
        efi_char16_t *options;
        efi_status_t status;

        status = boot->handle_protocol(image, &efi_loaded_image_guid, (void **) &loaded);
        if (status == EFI_SUCCESS)
                status = boot->allocate_pool(EFI_BOOT_SERVICES_DATA, (cmdline->size + 1) * sizeof(*options),
                                             (void **) &options);
        if (status != EFI_SUCCESS)
                fail("cannot hand over the command line", status);

        for (size_t i = 0; i < cmdline->size; i++)
                options[i] = cmdline->data[i];
        options[cmdline->size] = 0;

        loaded->load_options = options;
        loaded->load_options_size = (uint32_t) ((cmdline->size + 1) * sizeof(*options));
}

static _Noreturn void start_linux(void) {
        static struct {
                struct efi_media_path volume, file;
                struct efi_device_path end;
        } path = {EFI_MEDIA_PATH(EFI_MEDIA_VOLUME, PAYLOAD_VOLUME_GUID),
                  EFI_MEDIA_PATH(EFI_MEDIA_FILE, PAYLOAD_KERNEL_GUID), EFI_END_PATH};
        struct ffs_section kernel, cmdline;
        efi_handle_t image;
        efi_status_t status;

        kernel = payload_find(&payload_kernel_guid, FFS_SECTION_PE32,
                              "the kernel in flash is missing or damaged");
        initramfs = payload_find(&payload_initramfs_guid, FFS_SECTION_RAW,
                                 "the initramfs in flash is missing or damaged");
        cmdline = payload_find(&payload_cmdline_guid, FFS_SECTION_RAW,
                               "the command line in flash is missing or damaged");
        if (cmdline.size > CMDLINE_MAX)
                fail("the command line in flash is too long", EFI_SUCCESS);

        print("seatrial flash: kernel ");
        print_megabytes(kernel.size);
        print(", initramfs ");
        print_megabytes(initramfs.size);
        print(", starting Linux\n");

        status = boot->load_image(false, self_handle, &path, kernel.data, kernel.size, &image);
        if (status != EFI_SUCCESS)
                fail("cannot load the kernel", status);

        initramfs_publish();
        set_load_options(image, &cmdline);
        status = boot->start_image(image, NULL, NULL);
        fail("Linux came back", status);
}

static void bds_entry(struct efi_bds_arch *self) {
        efi_status_t status;

        (void) self;

        status = boot->set_watchdog_timer(WATCHDOG_SECONDS, 0, 0, NULL);
        if (status != EFI_SUCCESS)
                fail("cannot start the watchdog", status);

        set_firmware_vendor();
        platform_init();
        start_linux();
}

/* The driver's entry point: the DXE core calls bds_entry() when all drivers have been dispatched. */
efi_status_t efi_main(efi_handle_t image, struct efi_system_table *table);

efi_status_t efi_main(efi_handle_t image, struct efi_system_table *table) {
        static struct efi_bds_arch bds = {bds_entry};
        efi_handle_t handle = NULL;

        self_handle = image;
        system_table = table;
        boot = table->boot;
        serial_init();

        return boot->install_protocol_interface(&handle, &efi_bds_arch_guid, EFI_NATIVE_INTERFACE, &bds);
}
